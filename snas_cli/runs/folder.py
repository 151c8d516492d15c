"""One run's folder: how it is made, found, claimed and read."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

from snas_cli.api import Space, Trial
from snas_cli.errors import RunError
from snas_cli.runs.documents import BEST, read_checked
from snas_cli.runs.files import cannot_write, write_whole
from snas_cli.runs.journal import read_events, trial_from_json


@dataclass(frozen=True)
class RunFolder:
    path: Path

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.yaml"

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"

    @property
    def data(self) -> Path:
        return self.path / "data.json"

    @property
    def splits(self) -> Path:
        return self.path / "splits.csv"

    @property
    def weights(self) -> Path:
        return self.path / "weights"

    @property
    def best(self) -> Path:
        return self.path / "best"

    @property
    def export(self) -> Path:
        return self.path / "export"

    def events(self, kind: str) -> Iterator[dict[str, Any]]:
        return (event for event in read_events(self.journal) if event["event"] == kind)

    def trial_events(self) -> list[dict[str, Any]]:
        """What the journal has of each trial, by number, those too at whose rung the budget ran
        out."""
        events = (*self.events("halted"), *self.events("trial"))
        return sorted({e["number"]: e for e in events}.values(), key=itemgetter("number"))

    def trials(self, space: Space) -> list[Trial]:
        """The same as objects."""
        return [trial_from_json(event, space) for event in self.trial_events()]

    def finished_trials(self, space: Space) -> list[Trial]:
        """Without those that go on if the search does, by number."""
        trials = [trial_from_json(event, space) for event in self.events("trial")]
        return sorted(trials, key=lambda trial: trial.number)

    def finished(self) -> dict[str, Any] | None:
        """The content of best/metrics.json, if the search has come to its end and has not been
        extended since, and nothing of its journal been lost."""
        best = None
        for event in read_events(self.journal):
            if event["event"] in ("finished", "extended", "mended"):
                best = event.get("best")
        return best

    def metrics(self) -> dict[str, Any]:
        """Of the best network. Raises RunError where there is none yet."""
        if not (self.best / "metrics.json").exists():
            raise RunError(f"{self.path} has no trained network yet; go on with: "
                           f"snas resume {self.path}")  # fmt: skip
        metrics: dict[str, Any] = read_checked(self.best / "metrics.json", BEST)
        return metrics

    def check_contents(self) -> None:
        """Raises RunError for links and pipes: a stranger may have put them there, and what is
        written to them goes elsewhere."""
        for path in _strange(self.path):
            raise RunError(
                f"{path} is neither a file nor a folder but a link, a pipe or the like, and may "
                "lead anywhere; put in its place what it should be, and the run can be opened"
            )

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Holds the folder for this process; the system lets go of it when the process ends,
        however it ends. Raises RunError where another process has it, or nothing can be written."""
        self.check_contents()
        with self._claimed() as file:
            yield
            file.truncate(0)

    def _claimed(self) -> BinaryIO:
        """run.pid, locked, with the number of this process. Raises RunError."""
        path = self.path / "run.pid"
        with ExitStack() as undo:
            try:
                file = undo.enter_context(path.open("ab+", buffering=0))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                file.truncate(0)
                file.write(f"{os.getpid()}\n".encode())
            except BlockingIOError:
                file.seek(0)
                holder = file.read(20).decode(errors="replace").strip()
                raise RunError(f"{self.path} is in use by process {holder}") from None
            except OSError as error:
                raise cannot_write(path, error) from error
            undo.pop_all()
        return file

    def running(self) -> bool:
        """Is a process at work on it?"""
        pid = self.path / "run.pid"
        if not pid.exists():
            return False
        with pid.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False


def create_run(parent: Path, name: str | None, stem: str, recipe: str) -> RunFolder:
    """A new folder: `name`, or `stem` with the next free number. Raises RunError."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        path = _new_folder(parent, name, stem)
        (path / "weights").mkdir()
    except FileExistsError:
        raise RunError(
            f"{parent / (name or stem)} exists already; choose another --name, "
            f"or go on with it: snas resume {parent / (name or stem)}"
        ) from None
    except OSError as error:
        raise RunError(f"cannot make a run in {parent}: {error.strerror}") from None
    write_whole(path / "recipe.yaml", lambda partial: partial.write_text(recipe, encoding="utf-8"))
    return RunFolder(path)


def _new_folder(parent: Path, name: str | None, stem: str) -> Path:
    if name is not None:
        path = parent / name
        path.mkdir()
        return path
    number = 1
    while True:  # another search may take the same number first; mkdir lets only one have it
        path = parent / f"{stem}-{number:03}"
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def open_run(path: Path) -> RunFolder:
    """The run that `path` is, or is a file of. Raises RunError with what to do."""
    folder = path.parent if path.is_file() else path
    if _is_run(folder):
        run = RunFolder(folder)
        run.check_contents()
        return run
    if not path.exists():
        raise RunError(f"there is no {path}; `snas runs` lists the runs")
    raise RunError(f"{path} is not a run: {folder} has no recipe.yaml; `snas runs` lists the runs")


def all_runs(parent: Path) -> list[RunFolder]:
    """The runs in a folder, the one started last first."""
    if not parent.is_dir():
        return []
    found = [path for path in parent.iterdir() if _is_run(path)]
    found.sort(
        key=lambda path: ((path / "recipe.yaml").stat().st_mtime_ns, path.name), reverse=True
    )
    return [RunFolder(path) for path in found]


def _is_run(folder: Path) -> bool:
    """As far as one may look: pathlib would raise for another user's folder."""
    return os.path.isfile(folder / "recipe.yaml")  # noqa: PTH113


def latest_run(parent: Path) -> RunFolder:
    """Raises RunError where there is none."""
    runs = all_runs(parent)
    if not runs:
        raise RunError(f"there is no run in {parent}; start one with: snas search digits")
    runs[0].check_contents()
    return runs[0]


def _strange(folder: Path) -> Iterator[Path]:
    """What in it, and in the folders below, is neither file nor folder. No link is followed."""
    waiting = [folder]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:  # one may just go away
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif not entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)
