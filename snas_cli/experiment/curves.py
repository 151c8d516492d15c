"""The training curves of a run: events of its journal, and what observers are told of a trial."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from snas_cli.api import Candidate, Curve
from snas_cli.runs.journal import Journal

DIGITS = 5  # significant ones, that are written down


class Curves:
    """Writes each training down before anybody hears of its trial. A training that is done again,
    for the run ended between the two, gives the same curve again; the later one is as good."""

    def __init__(self, journal: Journal, events: Iterable[Mapping[str, Any]]) -> None:
        """`events` are those of the journal so far."""
        self._journal = journal
        self._of_search: dict[int, dict[int, Curve]] = defaultdict(dict)  # by trial, by rung
        for event in events:
            if event["event"] == "curve" and event["stage"] == "search":
                self._of_search[event["trial"]][event["rung"]] = event["epochs"]

    def searched(self, candidate: Candidate, curve: Curve) -> None:
        """Training to one rung."""
        epochs = rounded(curve)
        self._of_search[candidate.number][candidate.rung] = epochs
        self._journal.write("curve", stage="search", trial=candidate.number, rung=candidate.rung,
                            epochs=epochs)  # fmt: skip

    def retrained(self, trial: int, repeat: int, curve: Curve) -> None:
        """A final training."""
        self._journal.write("curve", stage="final", trial=trial, repeat=repeat,
                            epochs=rounded(curve))  # fmt: skip

    def of(self, trial: int) -> Curve:
        """All of its rungs, one after the other; empty where nothing was trained for it, or by an
        attempt whose journal is lost."""
        rungs = self._of_search.get(trial, {})
        return [epoch for rung in sorted(rungs) for epoch in rungs[rung]]


def rounded(curve: Curve) -> Sequence[Mapping[str, float]]:
    """For a journal whose lines stay short."""
    return [
        {name: float(f"{value:.{DIGITS}g}") for name, value in epoch.items()} for epoch in curve
    ]
