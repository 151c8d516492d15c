"""The whole way, in a real browser: from an upload to exported files."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from snas_cli.runs.folder import RunFolder
from snas_cli.ui.errands import stop_run
from snas_cli.ui.places import Places
from tests.data.photos import colours

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
pytest.importorskip("streamlit", reason="needs snas[ui]")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, of the system")

WAIT = 600_000  # ms; for what takes some seconds on a machine that is not busy
NAME = "photos"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Of a page on `tmp_path/runs`."""
    server = subprocess.Popen(
        [sys.executable, "-m", "snas_cli", "ui", "--no-browser", "--port=0",
         f"--runs={tmp_path / 'runs'}"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert server.stdout is not None
    try:
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
        assert found, "the server does not say where it is"
        for line in server.stdout:
            if "started on" in line:
                break
        yield found[0]
    finally:
        places = Places(tmp_path / "runs")
        if (tmp_path / "runs" / NAME).exists():
            stop_run(RunFolder(tmp_path / "runs" / NAME))
            places.errand(NAME, "search").stop()
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)


@pytest.fixture
def page(address: str) -> Iterator[playwright.Page]:
    """That may ask nobody but 127.0.0.1."""
    strangers: list[str] = []

    def check(route: playwright.Route) -> None:
        if re.match(r"(https?|wss?)://127\.0\.0\.1:", route.request.url):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(WAIT)
        page.route("**/*", check)
        page.goto(address)
        yield page
        browser.close()
    assert strangers == []


def archive(folder: Path) -> Path:
    photos = colours(folder / "photos", count=12)
    return Path(shutil.make_archive(str(folder / "upload"), "zip", photos.parent, "photos"))


def sees(page: playwright.Page, text: str | re.Pattern[str]) -> None:
    playwright.expect(page.get_by_text(text).first).to_be_visible(timeout=WAIT)


def _is(page: playwright.Page, state: str) -> None:
    """By the badge beside the run's name."""
    playwright.expect(page.get_by_text(re.compile(rf"^\w*\s*{state}$")).first).to_be_visible(
        timeout=WAIT
    )


def presses(page: playwright.Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def fills(page: playwright.Page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Enter")


@pytest.mark.slow
def test_the_whole_way(page: playwright.Page, address: str, tmp_path: Path) -> None:
    presses(page, "New search")
    _set_up(page, archive(tmp_path))
    presses(page, "Start the search")

    sees(page, "best val")  # a candidate has a score
    page.get_by_role("button", name="Stop").click()
    _is(page, "stopped")
    presses(page, "Resume")
    _is(page, "running")
    page.goto(f"{address}/?run={NAME}")  # as a second tab
    _is(page, "finished")

    page.get_by_text("Results", exact=True).click()
    sees(page, "test accuracy")
    page.locator("input[type=file]").set_input_files(next(tmp_path.glob("photos/*/*.png")))
    sees(page, re.compile(r"^class \d \d+\.\d\d %$"))  # a class, and how likely it is
    sees(page, "Which genes mattered")
    sees(page, "hardware: ")
    page.get_by_text("Export", exact=True).first.click()
    presses(page, "Export")
    sees(page, "How each file compares")
    with page.expect_download() as download:
        presses(page, "Download all as a zip")
    content = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert any(name.endswith("model.onnx") for name in content.namelist())
    _delete(page, address, tmp_path)


def _delete(page: playwright.Page, address: str, folder: Path) -> None:
    page.goto(address)
    presses(page, "Delete")
    sees(page, "This cannot be undone")
    presses(page, "Delete it")
    sees(page, "There is no run yet.")
    assert not (folder / "runs" / NAME).exists()


def _set_up(page: playwright.Page, photos: Path) -> None:
    page.get_by_text("Upload", exact=True).click()
    page.locator("input[type=file]").set_input_files(photos)
    sees(page, "36 pictures were unpacked")
    fills(page, "Generations", "12")
    fills(page, "Candidates in a generation", "4")
    page.get_by_text("Networks", exact=True).click()
    fills(page, "Parameters, at most", "a lot")
    sees(page, re.compile("Something above cannot be so"))
    fills(page, "Parameters, at most", "20k")
    page.get_by_text("Training", exact=True).click()
    fills(page, "Epochs of each candidate", "1")
    fills(page, "Epochs of the last training", "1")
    fills(page, "Name of the run", NAME)
