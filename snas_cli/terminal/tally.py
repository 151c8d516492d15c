"""What has happened in a search so far, and how long the rest may take."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from snas_cli.api import Trial
from snas_cli.recipe.resolve import objectives_of
from snas_cli.recipe.schema import Recipe
from snas_cli.runs.folder import RunFolder
from snas_cli.runs.journal import read_events
from snas_cli.search.account import failures_of
from snas_cli.search.budget import epochs_of
from snas_cli.search.listener import Plan
from snas_cli.search.ranking import front, leaders
from snas_cli.search.wording import duration, measure_of

TAIL = 65_536  # bytes of a journal, in which its last generation is looked for


@dataclass(frozen=True)
class Watch:
    """The time that a run takes."""

    clock: Callable[[], float]  # seconds
    started: float  # by the clock: this attempt
    before: float = 0.0  # seconds that earlier attempts took

    @property
    def here(self) -> float:
        """Seconds of this attempt."""
        return self.clock() - self.started

    @property
    def elapsed(self) -> float:
        return self.before + self.here


class Tally:
    """Told of everything by a view, which shows what it makes of it."""

    def __init__(
        self,
        plan: Plan,
        recorded: Sequence[Trial],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan = plan
        self.recipe = Recipe.model_validate(plan.recipe)
        self.measure = measure_of(self.recipe)
        self.trials = list(recorded)
        self.generation = 0
        self.finished = False
        self.reached: dict[int, int] = {}  # candidates of this generation by the rungs they have
        self.front: Sequence[Trial] = ()
        self.diversity: float | None = None
        self._recorded = len(recorded)
        events = read_events(RunFolder(plan.folder).journal)
        before = max((event.get("elapsed", 0.0) for event in events), default=0.0)
        self.watch = Watch(clock, clock(), before)

    # --- being told -------------------------------------------------------------------------------

    def generation_started(self, generation: int) -> None:
        self.generation = generation
        self.reached = {}

    def rung_reached(self, trial: Trial) -> None:
        rung = len(trial.rungs)
        self.reached[rung] = self.reached.get(rung, 0) + 1

    def generation_finished(self) -> None:
        objectives = objectives_of(self.recipe)
        if len(objectives) > 1:
            self.front = front(self.trials, objectives)
        self.diversity = (_last_generation(self.plan.folder) or {}).get("diversity")

    # --- what comes of it -------------------------------------------------------------------------

    @property
    def best(self) -> Trial | None:
        return next(iter(leaders(self.trials, 1)), None)

    @property
    def failures(self) -> list[tuple[str, int]]:
        return failures_of(self.trials)

    @property
    def rungs(self) -> int:
        return self.recipe.search.rungs.stages

    @property
    def open_ended(self) -> bool:
        """Does it go on for as long as its budget lasts?"""
        search = self.recipe.search
        limits = (search.budget, search.max_epochs, search.max_trials)
        return search.generations is None and any(limit is not None for limit in limits)

    @property
    def planned(self) -> int:
        """Trials; where the budget decides, there may come more."""
        most = self.recipe.search.max_trials
        planned = self.plan.trials if most is None else min(self.plan.trials, most)
        return max(planned, len(self.trials))

    def where(self) -> str:
        if self.open_ended:
            return f"generation {self.generation + 1}"
        return f"generation {self.generation + 1} of {self.plan.generations}"

    def progress(self) -> str:
        """Of the trials: how many there are, of those that were planned."""
        if self.open_ended and self.recipe.search.max_trials is None:
            return f"{len(self.trials)} trials, about {self.planned} planned"
        return f"{len(self.trials)} of {self.planned} trials"

    @property
    def share(self) -> tuple[float, float]:
        """How much is done, of how much: of the time where that decides, else of the trials."""
        budget = self.recipe.search.budget
        if budget is not None and self.open_ended:
            return min(self.watch.elapsed, budget), budget
        return len(self.trials), self.planned

    def spent(self) -> str:
        """Of the budget, where there is one; the time in any case."""
        search, elapsed = self.recipe.search, duration(self.watch.elapsed)
        parts = [elapsed if search.budget is None else f"{elapsed} of {duration(search.budget)}"]
        if search.max_epochs is not None:
            parts.append(f"{epochs_of(self.trials):.4g} of {search.max_epochs:g} epochs")
        left = self.seconds_left()
        if left is not None:
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)

    def mean(self) -> float | None:
        """Of the fitness in the latest generation."""
        latest = [t.fitness for t in self.trials
                  if t.generation == self.generation and t.fitness is not None]  # fmt: skip
        return fmean(latest) if latest else None

    def seconds_left(self) -> float | None:
        """By the budget of time; or by the mean of this attempt's trials, where the finale counts
        as what its epochs are worth."""
        fresh, budget = len(self.trials) - self._recorded, self.recipe.search.budget
        if self.finished:
            return None
        if budget is not None and self.open_ended:
            return max(budget - self.watch.elapsed, 0.0)
        waiting = self.planned - len(self.trials) + self._finale_in_trials()
        if fresh == 0 or waiting == 0:
            return None
        by_trials = self.watch.here / fresh * waiting
        return by_trials if budget is None else min(by_trials, max(budget - self.watch.elapsed, 0))

    def _finale_in_trials(self) -> float:
        if self.measure.metric is None:  # nothing is trained
            return 0.0
        return self.plan.finalists * self.recipe.finale.epochs / self.recipe.training.epochs


def _last_generation(folder: Path) -> Mapping[str, Any] | None:
    """What the journal's end says of the generation that is over. A long journal is not read again
    for each generation: where a run is resumed, there may be nothing at its end yet."""
    journal = RunFolder(folder).journal
    if not journal.exists():
        return None
    with journal.open("rb") as file:
        file.seek(-min(TAIL, file.seek(0, os.SEEK_END)), os.SEEK_END)
        lines = file.read().splitlines()
    for line in reversed(lines):
        if line.startswith(b'{"event": "generation"'):
            event: Mapping[str, Any] = json.loads(line)
            return event
    return None
