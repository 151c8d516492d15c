"""kill -9 of a search at random moments, gone on with each time: as if nothing had happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
import yaml

from snas_cli.runs.folder import RunFolder
from tests.experiment import tiny

TORTURE = pytest.mark.skipif("SNAS_TORTURE" not in os.environ, reason="long: SNAS_TORTURE=1")
WORKERS = 2
KILLS_EACH = 10  # of one search: it has about 30 lines of journal to be killed between
HALF_AN_HOUR = 1800  # no start takes so long, however busy the machine is


def recipe(folder: Path) -> Path:
    """That of `tiny`, for two workers."""
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump({**tiny.VALUES, "execution": {"workers": WORKERS}}))
    return path


@contextmanager
def driver(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`snas search`, or `snas resume` where there is something to go on with."""
    begun = (folder / "runs" / "run" / "recipe.yaml").exists()
    command = ["resume", "runs/run"] if begun else ["search", "tiny.yaml", "--name", "run"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "snas_cli", *command], cwd=folder, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a search that nobody kills comes to."""
    folder = tmp_path_factory.mktemp("whole")
    recipe(folder)
    with driver(folder) as process:
        assert process.wait(HALF_AN_HOUR) == 0, (folder / "log").read_text()
    return tiny.results(RunFolder(folder / "runs" / "run"))


def kill_at_random(folder: Path, rng: Random) -> bool:
    """Kills the driver once its journal has grown by some lines, and a moment later; or while it
    still gets ready. False where it came to its end before."""
    journal = folder / "runs" / "run" / "journal.jsonl"
    lines = count_lines(journal) + rng.randrange(6)
    moment = rng.uniform(0, 0.4)
    with driver(folder) as process:
        end = time.monotonic() + HALF_AN_HOUR
        while process.poll() is None and count_lines(journal) < lines:
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.005)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            return process.wait() == -signal.SIGKILL
        assert process.returncode == 0, (folder / "log").read_text()
        return False


def count_lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def finished_trials(journal: Path) -> list[bytes]:
    lines = journal.read_bytes().splitlines(keepends=True) if journal.exists() else []
    return [line for line in lines if line.startswith(b'{"event": "trial"') and line[-1:] == b"\n"]


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=TORTURE) for s in range(1, 10))])
def test_a_killed_driver_loses_nothing(tmp_path: Path, whole: dict[str, object], seed: int) -> None:
    rng = Random(seed)
    kills = KILLS_EACH if "SNAS_TORTURE" in os.environ else 2
    recipe(tmp_path)
    journal = tmp_path / "runs" / "run" / "journal.jsonl"
    done: list[bytes] = []
    for _ in range(kills):
        if not kill_at_random(tmp_path, rng):
            break
        before, done = done, finished_trials(journal)
        assert done[: len(before)] == before  # what was finished is as it was
    with driver(tmp_path) as process:
        assert process.wait(HALF_AN_HOUR) == 0, (tmp_path / "log").read_text()
    assert finished_trials(journal)[: len(done)] == done
    numbers = Counter(json.loads(line)["number"] for line in finished_trials(journal))
    assert set(numbers.values()) == {1}  # none was trained twice
    assert tiny.results(RunFolder(tmp_path / "runs" / "run")) == whole
