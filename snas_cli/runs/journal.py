"""The journal: one line of JSON for each event, on the disk before anything else happens."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from snas_cli.api import Proposal, Space, Trial
from snas_cli.errors import RunError
from snas_cli.runs.events import check_event
from snas_cli.runs.files import cannot_write, parse_json, write_whole

MAX_LINE_BYTES = 64_000_000  # the proposals of a thousand deep networks take a tenth of it
MAX_BYTES = 1_000_000_000  # a hundred thousand trials, each with the curve of 60 epochs
DAMAGED = "journal.damaged"


class Journal:
    """Appends events to a file. What `kill -9` leaves of a last line is cut off when it opens."""

    def __init__(self, path: Path) -> None:
        """Raises RunError where the file cannot be written to."""
        self._path = path
        try:
            self._file = path.open("ab", buffering=0)
            self._file.truncate(_whole_lines(path))
        except OSError as error:
            raise cannot_write(path, error) from error

    def write(self, event: str, **fields: Any) -> None:
        """Raises RunError where the disk is full; what was written before stays."""
        line = json.dumps({"event": event, **fields}, ensure_ascii=False, allow_nan=False) + "\n"
        end = self._file.seek(0, os.SEEK_END)
        try:
            rest = memoryview(line.encode())
            while rest:  # a disk that fills up takes a part first
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(end)
            raise cannot_write(self._path, error) from error

    def close(self) -> None:
        self._file.close()


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """The events in order; a torn last line is passed over. Raises RunError naming the line of
    anything else that is damaged."""
    for number, line in _lines(path):
        try:
            yield _event(line)
        except ValueError as error:
            raise RunError(f"{path}:{number}: {error}; mend it with: snas resume "
                           f"{path.parent}") from None  # fmt: skip


def mend(path: Path) -> str | None:
    """Takes damaged lines out of a journal that is going to be written to. What they held is done
    again, or comes from a checkpoint, even if the search had come to its end. The journal as it
    was is kept beside it; says so."""
    sound, damaged = [], []
    for number, line in _lines(path):
        try:
            _event(line)
        except ValueError as error:
            damaged.append(f"line {number}, {error}")
        else:
            sound.append(line)
    if not damaged:
        return None
    aside = _free_name(path)
    write_whole(aside, lambda partial: partial.write_bytes(path.read_bytes()))
    more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
    remark = f"{path} was damaged: {damaged[0]}{more}; it is kept as {aside.name}"
    sound.append(json.dumps({"event": "mended", "what": remark}).encode() + b"\n")
    write_whole(path, lambda partial: partial.write_bytes(b"".join(sound)))
    return remark


def _free_name(path: Path) -> Path:
    aside, count = path.with_name(f"{DAMAGED}.jsonl"), 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{DAMAGED}-{count}.jsonl")
    return aside


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The whole lines, counted from 1. Raises RunError where it cannot be read."""
    try:
        if not path.exists():
            return
        if (size := path.stat().st_size) > MAX_BYTES:
            raise RunError(f"{path} has {size:,} bytes, which is too many; it was not opened")
        with path.open("rb") as file:
            number = 0
            while (line := file.readline(MAX_LINE_BYTES)).endswith(b"\n"):
                number += 1
                yield number, line
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror}") from None
    if len(line) == MAX_LINE_BYTES:
        raise RunError(f"{path}:{number + 1}: longer than any line of a journal")


def _event(line: bytes) -> dict[str, Any]:
    """Raises ValueError."""
    try:
        event: dict[str, Any] = parse_json(line.decode())
    except (ValueError, RecursionError):
        raise ValueError("damaged") from None
    check_event(event)
    return event


def _whole_lines(path: Path) -> int:
    """How many bytes the complete lines take."""
    return sum(len(line) for _, line in _lines(path))


def trial_to_json(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "generation": trial.generation,
        **proposal_to_json(trial.proposal),
        "fitness": trial.fitness,
        "metrics": dict(trial.metrics),
        "reason": trial.reason,
        "rungs": list(trial.rungs),
        "seconds": trial.seconds,
    }


def trial_from_json(document: Mapping[str, Any], space: Space) -> Trial:
    """Raises RunError for what `trial_to_json` did not write, SpaceError for a foreign genome."""
    try:
        proposal = proposal_from_json(document, space)
        trial = Trial(
            number=document["number"],
            generation=document["generation"],
            proposal=proposal,
            fitness=document["fitness"],
            metrics=document["metrics"],
            reason=document["reason"],
            rungs=tuple(document["rungs"]),
            seconds=document["seconds"],
        )
    except (KeyError, TypeError) as error:
        raise RunError(f"a recorded trial is incomplete: {error}") from None
    return trial


def proposal_to_json(proposal: Proposal) -> dict[str, Any]:
    return {
        "fingerprint": proposal.genome.fingerprint,
        "architecture": proposal.genome.to_json(),
        "operator": proposal.operator,
        "parents": list(proposal.parents),
        "predicted": proposal.predicted,
        "proxies": dict(proposal.proxies),
    }


def proposal_from_json(document: Mapping[str, Any], space: Space) -> Proposal:
    """Raises RunError, SpaceError, KeyError, TypeError."""
    genome = space.from_json(document["architecture"])
    if genome.fingerprint != document["fingerprint"]:
        raise RunError(f"an architecture does not match its fingerprint, {document['fingerprint']}")
    return Proposal(
        genome,
        document["operator"],
        tuple(document["parents"]),
        document["predicted"],
        document["proxies"],
    )
