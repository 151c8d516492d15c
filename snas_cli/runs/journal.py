"""The journal: one line of JSON for each event, on the disk before anything else happens."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from snas_cli.api import Proposal, Space, Trial
from snas_cli.errors import RunError


class Journal:
    """Appends events to a file. What `kill -9` leaves of a last line is cut off when it opens."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab")
        self._file.truncate(_whole_lines(path))

    def write(self, event: str, **fields: Any) -> None:
        """Raises RunError where the disk is full; what was written before stays."""
        line = json.dumps({"event": event, **fields}, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            self._file.write(line.encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise RunError(f"cannot write {self._path}: {error.strerror}") from error

    def close(self) -> None:
        self._file.close()


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """The events in order; a torn last line is passed over. Raises RunError naming the line of
    anything else that is damaged."""
    if not path.exists():
        return
    text = path.read_bytes()[: _whole_lines(path)]
    for number, line in enumerate(text.splitlines(), 1):
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            raise RunError(f"{path}:{number}: damaged; resume from the run's ckpt.pkl") from None
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            raise RunError(f"{path}:{number}: not an event of a journal")
        yield event


def _whole_lines(path: Path) -> int:
    """How many bytes the complete lines take."""
    return path.read_bytes().rfind(b"\n") + 1


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
