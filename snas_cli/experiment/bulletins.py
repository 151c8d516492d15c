"""What each worker is at, epoch by epoch, for those who watch a run; no result depends on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from snas_cli.runs.folder import RunFolder


@dataclass(frozen=True)
class Bulletin:
    worker: int
    family: str
    fingerprint: str
    final: bool  # is it a finalist that is trained again?
    epoch: int  # that has begun, from 1
    epochs: int

    def in_words(self) -> str:
        again = ", trained again" if self.final else ""
        return f"worker {self.worker}: {self.family}{again}, epoch {self.epoch} of {self.epochs}"


def board_of(run: RunFolder, worker: int) -> Path:
    return run.path / "logs" / f"worker-{worker}.json"


def post(board: Path, bulletin: Bulletin) -> None:
    """Whoever reads it sees the old one or the new one. A disk that is full ends no training."""
    partial = board.with_suffix(".partial")
    with suppress(OSError):
        partial.write_text(json.dumps(asdict(bulletin)), encoding="utf-8")
        partial.replace(board)


def take_down(board: Path) -> None:
    with suppress(OSError):
        board.unlink(missing_ok=True)


def bulletins(run: RunFolder) -> Iterator[Bulletin]:
    """Of the workers that are training, by number. Those of a run that was killed stay until it
    goes on."""
    for board in sorted(run.path.glob("logs/worker-*.json"), key=lambda p: (len(p.name), p.name)):
        with suppress(FileNotFoundError):  # it was taken down this instant
            yield Bulletin(**json.loads(board.read_text(encoding="utf-8")))
