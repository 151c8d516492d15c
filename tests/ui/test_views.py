"""The page's views, as Streamlit's AppTest sees them: what is said, and never a traceback."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import pytest

from snas_cli.errors import DataError
from snas_cli.experiment.bulletins import Bulletin, board_of, post
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.ui.places import SEARCH, Places
from snas_cli.ui.prediction import classifier_of
from tests.experiment import tiny
from tests.report.test_page import HEADINGS
from tests.ui.test_errands import wait_for

testing = pytest.importorskip("streamlit.testing.v1", reason="needs snas[ui]")
WAIT = 600  # seconds; for what takes some on a machine that is not busy


def all_runs(runs: str) -> None:
    from pathlib import Path

    from snas_cli.ui.views.navigation import show

    show(Path(runs))


def new_search(runs: str) -> None:
    from pathlib import Path

    from snas_cli.registry import Registry
    from snas_cli.ui.places import Places
    from snas_cli.ui.views.set_up import show_set_up

    show_set_up(Places(Path(runs)), Registry.installed(), None)


def opened(runs: Path, run: str | None = None, view: str | None = None) -> testing.AppTest:
    page = testing.AppTest.from_function(all_runs, default_timeout=WAIT, args=(str(runs),))
    if run is not None:
        page.query_params["run"] = run
    if view is not None:
        page.query_params["view"] = view
    page.run()
    assert not page.exception
    return page


def words(elements: Iterable[testing.Element]) -> list[str]:
    return [str(element.value) for element in elements]


@pytest.fixture
def run(registry: Registry, tmp_path: Path) -> RunFolder:
    """One that has finished."""
    return tiny.search(registry, tmp_path).folder


# --- setting up -----------------------------------------------------------------------------------


def test_what_was_filled_in_is_a_recipe_and_faults_are_said(tmp_path: Path) -> None:
    page = testing.AppTest.from_function(new_search, default_timeout=WAIT, args=(str(tmp_path),))
    page.run()
    assert not page.exception
    start = next(button for button in page.button if button.label == "Start the search")
    assert not start.disabled
    page.text_input(key="limits.max_params").set_value("a lot")
    page.number_input(key="training.epochs").set_value(0)
    page.text_input(key="name").set_value("../elsewhere")
    page.run()
    assert not page.exception
    said = "\n".join(words(page.markdown))
    for sentence in ("not 'a lot'", "greater than or equal to 1", "letters, digits, dots"):
        assert sentence in said.replace("\\", ""), sentence
    start = next(button for button in page.button if button.label == "Start the search")
    assert start.disabled
    page.text_input(key="limits.max_params").set_value("30k")
    page.number_input(key="training.epochs").set_value(3)
    page.text_input(key="name").set_value("mine")
    page.run()
    assert "max_params: 30k" in page.code[0].value
    start = next(button for button in page.button if button.label == "Start the search")
    assert not start.disabled


# --- a run ----------------------------------------------------------------------------------------


def test_runs_are_listed_and_none_is_made_up(run: RunFolder) -> None:
    page = opened(run.path.parent)
    assert run.path.name in [button.label for button in page.button]
    assert "10 trials" in "\n".join(words(page.caption))
    page = opened(run.path.parent, "nobody")
    assert "there is no run nobody" in words(page.error)[0]
    for stranger in ("../elsewhere", "/etc", ".page", ""):
        assert words(opened(run.path.parent, stranger).error)


def test_results_have_every_part_of_the_report(run: RunFolder) -> None:
    page = opened(run.path.parent, run.path.name, "Results")
    there = [*words(page.subheader), "What it takes for what", "To repeat it"]
    assert [heading for heading in HEADINGS if heading not in there] == []
    assert "Class by class" in there


def test_a_run_at_work_shows_how_far_each_worker_is(run: RunFolder) -> None:
    for board in (0, 1):
        post(board_of(run, board), Bulletin(board, "cnn", "f", False, 1 + board, 4))
    with run.claim():
        page = opened(run.path.parent, run.path.name)
        bars = [bar.proto.text.replace("\\", "") for bar in page.get("progress")]
        assert bars[1:] == ["worker 0: cnn, epoch 1 of 4", "worker 1: cnn, epoch 2 of 4"]
        assert [button.label for button in page.button][-1] == "Stop"
    page = opened(run.path.parent, run.path.name)
    assert len(page.get("progress")) == 1  # nobody is at work


def test_a_run_goes_on_for_more_generations_and_from_a_checkpoint(run: RunFolder) -> None:
    """Each as a process of its own, as `snas resume` at a terminal."""
    errand = Places(run.path.parent).errand(run.path.name, SEARCH)
    page = opened(run.path.parent, run.path.name, "Watch")
    page.number_input(key="extend.generations").set_value(4).run()
    next(button for button in page.button if button.label == "Search on").click().run()
    wait_for(errand)
    assert not page.exception
    assert errand.complaint() == ""
    assert len(list(run.events("generation"))) == 4
    page = opened(run.path.parent, run.path.name, "Checkpoints")
    page.button(key="ckpt-gen0002.pkl").click().run()
    wait_for(errand)
    assert not page.exception
    assert f"$ snas resume {run.path / 'ckpt-gen0002.pkl'}" in errand.text()
    assert errand.complaint() == ""


@pytest.mark.parametrize("view", ["Watch", "Results", "Export", "Checkpoints"])
def test_a_run_that_has_only_begun_says_what_is_to_come(run: RunFolder, view: str) -> None:
    for checkpoint in run.path.glob("ckpt*"):
        checkpoint.unlink()
    lines = run.journal.read_bytes().splitlines(keepends=True)
    run.journal.write_bytes(b"".join(lines[:2]))
    shutil.rmtree(run.best)
    page = opened(run.path.parent, run.path.name, view)
    assert not page.error
    said = {"Watch": "no candidate has a score yet", "Checkpoints": "There is no checkpoint yet"}
    there = "\n".join([*words(page.caption), *words(page.info)])
    assert said.get(view, "No network has been kept yet") in there


def test_a_file_that_is_no_picture_gets_a_sentence(run: RunFolder, registry: Registry) -> None:
    classifier = classifier_of(run.path, registry)
    with pytest.raises(DataError, match=r"^this is not a picture of a kind that is known$"):
        classifier.classify(BytesIO(b"hello"))


@pytest.mark.parametrize("view", ["Watch", "Results", "Export", "Checkpoints"])
def test_a_damaged_run_gets_a_sentence(run: RunFolder, view: str) -> None:
    run.journal.write_text("{\n{\n")
    (run.best / "metrics.json").write_text("{")
    page = opened(run.path.parent, run.path.name, view)
    assert words(page.error)
