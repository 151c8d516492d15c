"""Searches on a disk that is full or read-only, and under a clock that jumps."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from snas_cli.api import Trial
from snas_cli.errors import RunError
from snas_cli.experiment.running import resume, start
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.search.listener import Listener
from tests.cli.snas import snas
from tests.experiment import tiny

FULL = range(4, 720, 4) if "SNAS_TORTURE" in os.environ else (4, 60, 356, 640)  # kB: 720 suffice
HOURS = 3600.0


@dataclass(frozen=True)
class Disk:
    path: Path

    def become(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", self.path], check=True)


@pytest.fixture
def make_disk(tmp_path: Path) -> Iterator[Callable[[str], Disk]]:
    """Small ones in memory. Skips where this user may not mount any."""
    mounted: list[Path] = []

    def make(options: str) -> Disk:
        path = tmp_path / f"disk-{len(mounted)}"
        path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("there is no mount")
        if done.returncode:
            pytest.skip(f"no disk can be made for the test: {done.stderr.strip()}")
        mounted.append(path)
        return Disk(path)

    yield make
    for path in mounted:
        subprocess.run(["umount", path], check=True)


@pytest.fixture(scope="module")
def whole(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a search on a good disk comes to."""
    return tiny.results(tiny.search(registry, tmp_path_factory.mktemp("whole")).folder)


class Stopping(Listener):
    def trial_finished(self, trial: Trial) -> None:
        if trial.number == 4:
            raise KeyboardInterrupt


def stopped(registry: Registry, folder: Path) -> RunFolder:
    with pytest.raises(KeyboardInterrupt):
        tiny.search(registry, folder, Stopping())
    return RunFolder(folder / "run")


# --- full -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [*(f"size={kb}k" for kb in FULL), "nr_inodes=15"])
def test_a_full_disk(
    registry: Registry, whole: dict[str, object], make_disk: Callable[[str], Disk], limit: str
) -> None:
    """A clear error, once more while nothing is done about it, and then all is as it should be."""
    disk = make_disk(limit)
    run = disk.path / "run"
    with pytest.raises(RunError, match=r"cannot write .*: No space left on device$"):
        tiny.search(registry, disk.path)
    assert not list(run.rglob("*.partial"))
    with pytest.raises(RunError, match=r"cannot write .*: No space left on device$"):
        resume(run, registry, Listener())
    disk.become("size=20M,nr_inodes=1000")
    assert tiny.results(resume(run, registry, Listener()).folder) == whole


def test_a_disk_that_fills_up_under_workers(
    registry: Registry, whole: dict[str, object], make_disk: Callable[[str], Disk]
) -> None:
    disk = make_disk("size=300k")
    recipe = tiny.recipe(registry, disk.path, execution={"executor": "local", "workers": 2})
    with pytest.raises(RunError, match=r"cannot write .*: No space left on device$"):
        start(recipe, registry, Listener())
    disk.become("size=20M")
    assert tiny.results(resume(disk.path / "run", registry, Listener()).folder) == whole


# --- read-only ------------------------------------------------------------------------------------


def test_a_read_only_run(
    registry: Registry, whole: dict[str, object], make_disk: Callable[[str], Disk], tmp_path: Path
) -> None:
    """It can be looked at and used, but not gone on with until it can be written to."""
    disk = make_disk("size=20M")
    run = stopped(registry, disk.path)
    disk.become("ro")
    for command in ("resume", "report", "evaluate", "export"):
        said = snas(command, run.path, cwd=tmp_path, code=1).stderr
        assert "Read-only file system" in said
        assert all(line.startswith("snas: ") for line in said.splitlines() if "reading" not in line)
    assert "stopped, 5" in snas("runs", "show", run.path, cwd=tmp_path).stdout
    snas("evaluate", run.path, "--output", tmp_path / "scores", cwd=tmp_path)
    snas("export", run.path, "--format", "python", "--output", tmp_path / "out", cwd=tmp_path)
    assert (tmp_path / "out" / "python" / "model.py").exists()
    with pytest.raises(RunError, match=r"cannot make a run in .*Read-only file system"):
        tiny.search(registry, disk.path / "more")
    disk.become("rw")
    assert tiny.results(resume(run.path, registry, Listener()).folder) == whole


# --- a clock that jumps ---------------------------------------------------------------------------


def test_a_clock_that_jumps(
    registry: Registry, whole: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hours, back and forth, whenever it is asked. What a run takes is measured by another."""
    rng, real = random.Random(0), time.time
    monkeypatch.setattr(time, "time", lambda: real() + rng.uniform(-9, 9) * HOURS)
    monkeypatch.setattr(time, "time_ns", lambda: int(time.time() * 1e9))
    began = time.monotonic()
    search = {"budget": "1h", "generations": 3}
    limited = tiny.recipe(registry, tmp_path, search=search, training={"time_limit": 600})
    with pytest.raises(KeyboardInterrupt):
        start(limited, registry, Stopping())
    outcome = resume(tmp_path / "run", registry, Listener())
    took = time.monotonic() - began
    assert tiny.results(outcome.folder) == whole
    trials = list(outcome.folder.events("trial"))
    elapsed = [0.0, *(trial["elapsed"] for trial in trials)]
    assert all(before <= after for before, after in pairwise(elapsed))
    assert elapsed[-1] + 0.001 * len(trials) <= took + 1
    assert all(0 <= trial["seconds"] <= took for trial in trials)
