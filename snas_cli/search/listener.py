"""Whoever wants to know how a search goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snas_cli.api import Genome, Proposal, Trial


@dataclass(frozen=True)
class Plan:
    """What a search is about to do."""

    folder: Path
    recipe: Mapping[str, Any]
    summary: Sequence[tuple[str, str]]  # what a person wants to see of it: label and value
    generations: int
    trials: int
    finalists: int  # trainings at the end


class Listener:
    """Each method does nothing; override what matters."""

    def notice(self, what: str) -> None:
        """A line to tell the user: something slow begins, or something is amiss."""

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        """`recorded` holds the trials of an earlier attempt, where it is resumed."""

    def proposed(self, generation: int, proposals: Sequence[Proposal]) -> None:
        """The strategy has decided on a generation; not for recorded ones."""

    def generation_started(self, generation: int, count: int) -> None:
        """`count` candidates have been proposed; some may be recorded already."""

    def rung_reached(self, trial: Trial) -> None:
        """A candidate was trained to a rung that is not the last there is. Not for recorded ones.
        Whether it goes on is decided when all have reached it."""

    def trial_finished(self, trial: Trial) -> None:
        """In the order in which they finish; not for recorded ones."""

    def trial_halted(self, trial: Trial) -> None:
        """The budget ran out when a candidate had reached a rung, and whether it goes on was not
        decided. Where the search goes on with more, so does the candidate."""

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        """With all its trials, recorded ones too, by number."""

    def finalist_started(self, genome: Genome, rank: int, count: int) -> None:
        """The architecture of rank 1…count is trained again."""

    def search_finished(self, folder: Path, best: Mapping[str, Any]) -> None:
        """`best` is the content of best/metrics.json."""


class Listeners(Listener):
    """Passes everything on, in order."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners

    def notice(self, what: str) -> None:
        for listener in self._listeners:
            listener.notice(what)

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        for listener in self._listeners:
            listener.search_started(plan, recorded)

    def proposed(self, generation: int, proposals: Sequence[Proposal]) -> None:
        for listener in self._listeners:
            listener.proposed(generation, proposals)

    def generation_started(self, generation: int, count: int) -> None:
        for listener in self._listeners:
            listener.generation_started(generation, count)

    def rung_reached(self, trial: Trial) -> None:
        for listener in self._listeners:
            listener.rung_reached(trial)

    def trial_finished(self, trial: Trial) -> None:
        for listener in self._listeners:
            listener.trial_finished(trial)

    def trial_halted(self, trial: Trial) -> None:
        for listener in self._listeners:
            listener.trial_halted(trial)

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        for listener in self._listeners:
            listener.generation_finished(generation, trials)

    def finalist_started(self, genome: Genome, rank: int, count: int) -> None:
        for listener in self._listeners:
            listener.finalist_started(genome, rank, count)

    def search_finished(self, folder: Path, best: Mapping[str, Any]) -> None:
        for listener in self._listeners:
            listener.search_finished(folder, best)
