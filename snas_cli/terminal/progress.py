"""A search as it goes: a live view in a terminal, log lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from snas_cli.api import Genome, Trial
from snas_cli.search.listener import Listener, Plan
from snas_cli.search.ranking import leaders
from snas_cli.terminal.words import BAD, GOOD, QUIET, STRONG, cost, duration, score, shape

RECENT = 5  # trials listed below the bar


class Tally:
    """What has happened so far, and how long the rest may take."""

    def __init__(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        self.plan = plan
        self.trials = list(recorded)
        self.generation = 0
        self.finished = False
        self.planned = plan.trials
        self._recorded = len(recorded)
        self._started = time.monotonic()

    @property
    def best(self) -> Trial | None:
        return next(iter(leaders(self.trials, 1)), None)

    @property
    def where(self) -> str:
        """A search with a budget may have more generations than were expected."""
        return (
            f"generation {self.generation + 1} of {max(self.plan.generations, self.generation + 1)}"
        )

    @property
    def failed(self) -> int:
        return sum(trial.failed for trial in self.trials)

    def mean(self) -> float | None:
        """Of the fitness in the latest generation."""
        latest = [t.fitness for t in self.trials
                  if t.generation == self.generation and t.fitness is not None]  # fmt: skip
        return fmean(latest) if latest else None

    def seconds_left(self) -> float | None:
        """By the mean of this attempt's trials; the finale counts as what its epochs are worth."""
        fresh = len(self.trials) - self._recorded
        if fresh == 0 or self.finished:
            return None
        recipe = self.plan.recipe
        finale = self.plan.finalists * recipe["finale"]["epochs"] / recipe["training"]["epochs"]
        waiting = max(self.planned - len(self.trials), 0)
        seconds_each = (time.monotonic() - self._started) / fresh
        return float(seconds_each * (waiting + finale))


class LiveView(Listener):
    """Redraws in place."""

    def __init__(self, console: Console) -> None:
        self._tally: Tally | None = None
        self._now = ""
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._now = ""
        self._live.stop()

    def notice(self, what: str) -> None:
        if self._tally is None:
            self._now = what
        else:
            self._live.console.print(what, markup=False)

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        self._live.console.print(plan_table(plan))
        if recorded:
            self._live.console.print(f"{len(recorded)} trials are recorded already", style=QUIET)
        self._live.console.print()
        self._tally = Tally(plan, recorded)

    def generation_started(self, generation: int, count: int) -> None:
        self._now = f"training {count} candidates"
        self._must_tally().generation = generation

    def trial_finished(self, trial: Trial) -> None:
        self._must_tally().trials.append(trial)

    def finalist_started(self, genome: Genome, rank: int, count: int) -> None:
        self._now = f"training the best again: {rank} of {count}, {genome.family} {shape(genome)}"

    def search_finished(self, folder: Path, best: Mapping[str, Any]) -> None:
        self._must_tally().finished = True

    def _must_tally(self) -> Tally:
        assert self._tally is not None  # search_started comes first
        return self._tally

    def _render(self) -> RenderableType:
        if self._tally is None:
            return Text(f"{self._now} …" if self._now else "", style=QUIET)
        return Group(_status(self._tally), _recent(self._tally), Text(self._now, style=QUIET))


class LogView(Listener):
    """A line for each thing that happens."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._tally: Tally | None = None

    def notice(self, what: str) -> None:
        self._say(what)

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        for label, value in (("run", str(plan.folder)), *plan.summary):
            self._say(f"{label}: {value}")
        if recorded:
            self._say(f"{len(recorded)} trials are recorded already")
        self._tally = Tally(plan, recorded)

    def generation_started(self, generation: int, count: int) -> None:
        assert self._tally is not None  # search_started comes first
        self._tally.generation = generation
        self._say(self._tally.where)

    def trial_finished(self, trial: Trial) -> None:
        assert self._tally is not None  # search_started comes first
        self._tally.trials.append(trial)
        outcome = trial.reason or score_of(trial)
        self._say(f"  trial {trial.number} {trial.genome.family} {outcome} "
                  f"({trial.proposal.operator}, {duration(trial.seconds)})")  # fmt: skip

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        assert self._tally is not None  # search_started comes first
        best, mean = self._tally.best, self._tally.mean()
        if best is not None and best.fitness is not None:
            shown = f", mean {score(mean, best.metrics)}" if mean is not None else ""
            self._say(f"  best so far {score_of(best)}{shown}")

    def finalist_started(self, genome: Genome, rank: int, count: int) -> None:
        self._say(f"training the best again: {rank} of {count}, {genome.family} {shape(genome)}")

    def search_finished(self, folder: Path, best: Mapping[str, Any]) -> None:
        self._say(f"finished: {folder}")


def plan_table(plan: Plan) -> Table:
    table = Table.grid(padding=(0, 2))
    for label, value in (("run", str(plan.folder)), *plan.summary):
        table.add_row(Text(label, style=QUIET), Text(value))
    return table


def _status(tally: Tally) -> RenderableType:
    done, planned = len(tally.trials), max(tally.planned, len(tally.trials))
    left = tally.seconds_left()
    bar = Table.grid(padding=(0, 2))
    bar.add_row(
        Text(tally.where, style=STRONG),
        ProgressBar(total=planned, completed=done, width=24),
        Text(f"{done} of {planned} trials"),
        Text(f"about {duration(left)} left" if left is not None else "", style=QUIET),
    )
    best, mean = tally.best, tally.mean()
    scores = Text()
    if best is not None and best.fitness is not None:
        scores.append("best ", QUIET).append(score_of(best), GOOD)
        scores.append(f" {best.genome.family} {cost(best.metrics).partition(',')[0]}")
    if mean is not None and best is not None:
        scores.append("   mean of this generation ", QUIET).append(score(mean, best.metrics))
    if tally.failed:
        scores.append(f"   {tally.failed} failed", BAD)
    return Group(bar, scores)


def _recent(tally: Tally) -> Table:
    table = Table.grid(padding=(0, 2))
    for trial in tally.trials[-RECENT:]:
        outcome = Text(score_of(trial)) if trial.reason is None else Text(trial.reason, style=BAD)
        outcome.truncate(40, overflow="ellipsis")
        layers = Text(shape(trial.genome), style=QUIET)
        layers.truncate(28, overflow="ellipsis")
        table.add_row(Text(f"{trial.number:4}", style=QUIET), trial.genome.family, outcome, layers)
    return table


def score_of(trial: Trial) -> str:
    assert trial.fitness is not None  # it has not failed
    return score(trial.fitness, trial.metrics)
