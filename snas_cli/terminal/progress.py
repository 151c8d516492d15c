"""A search as it goes: a live view in a terminal, log lines anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from snas_cli.api import Genome, Trial
from snas_cli.search.listener import Listener, Plan
from snas_cli.search.wording import costs_of, duration
from snas_cli.terminal.tally import Tally
from snas_cli.terminal.words import BAD, GOOD, QUIET, STRONG, shape

RECENT = 5  # trials listed below the bar
REASONS = 2  # why candidates failed, the most frequent


class _View(Listener):
    """Counts what happens; each of the two views shows it in its own way."""

    _tallied: Tally | None = None

    @property
    def tally(self) -> Tally:
        assert self._tallied is not None  # search_started comes first
        return self._tallied

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        self._tallied = Tally(plan, recorded)

    def generation_started(self, generation: int, count: int) -> None:
        self.tally.generation_started(generation)

    def rung_reached(self, trial: Trial) -> None:
        self.tally.rung_reached(trial)

    def trial_finished(self, trial: Trial) -> None:
        self.tally.trials.append(trial)

    def trial_halted(self, trial: Trial) -> None:
        self.trial_finished(trial)

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        self.tally.generation_finished()

    def search_finished(self, folder: Path, best: Mapping[str, Any]) -> None:
        self.tally.finished = True


class LiveView(_View):
    """Redraws in place."""

    def __init__(self, console: Console) -> None:
        self._now = ""
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._now = ""
        self._live.stop()

    def notice(self, what: str) -> None:
        """Before a search starts, what is going on; then it may be anything, and is kept."""
        if self._tallied is None:
            self._now = what
        else:
            self._live.console.print(what, markup=False)

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        super().search_started(plan, recorded)
        self._live.console.print(plan_table(plan))
        if recorded:
            self._live.console.print(f"{len(recorded)} trials are recorded already", style=QUIET)
        self._live.console.print()

    def generation_started(self, generation: int, count: int) -> None:
        super().generation_started(generation, count)
        trained = self.tally.measure.metric is not None
        self._now = f"{'training' if trained else 'judging'} {count} candidates"

    def finalist_started(self, genome: Genome, rank: int, count: int) -> None:
        self.tally.reached = {}
        self._now = f"training the best again: {rank} of {count}, {_network(genome)}"

    def _render(self) -> RenderableType:
        if self._tallied is None:
            return _line(Text(f"{self._now} …" if self._now else "", style=QUIET))
        tally = self._tallied
        now = Text(self._now + "".join(_reached(tally)) if self._now else "", style=QUIET)
        return Group(_bar(tally), *map(_line, _lines(tally)), _recent(tally), _line(now))


class LogView(_View):
    """A line for each thing that happens."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def notice(self, what: str) -> None:
        self._say(what)

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        super().search_started(plan, recorded)
        for label, value in (("run", str(plan.folder)), *plan.summary):
            self._say(f"{label}: {value}")
        if recorded:
            self._say(f"{len(recorded)} trials are recorded already")

    def generation_started(self, generation: int, count: int) -> None:
        super().generation_started(generation, count)
        self._say(self.tally.where())

    def rung_reached(self, trial: Trial) -> None:
        super().rung_reached(trial)
        self._say(f"  {_name(trial)} {self.tally.measure.trial_text(trial)}, trained to rung "
                  f"{len(trial.rungs)} of {self.tally.rungs}")  # fmt: skip

    def trial_finished(self, trial: Trial) -> None:
        super().trial_finished(trial)
        outcome = trial.reason or self.tally.measure.trial_text(trial)
        facts = [trial.proposal.operator, *_how_far(trial, self.tally), duration(trial.seconds)]
        self._say(f"  {_name(trial)} {outcome} ({', '.join(facts)})")

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        super().generation_finished(generation, trials)
        tally, best = self.tally, self.tally.best
        if best is not None:
            summary = [
                f"best {tally.measure.name} so far {tally.measure.trial_text(best)}",
                *_summary(tally, "", ""),
            ]
            self._say(f"  {', '.join(summary)}")
        self._say(f"  {tally.progress()}, {tally.spent()}")
        if any(trial.failed for trial in trials):
            self._say(f"  {_failures(tally)}")

    def finalist_started(self, genome: Genome, rank: int, count: int) -> None:
        self._say(f"training the best again: {rank} of {count}, {_network(genome)}")

    def search_finished(self, folder: Path, best: Mapping[str, Any]) -> None:
        super().search_finished(folder, best)
        self._say(f"finished: {folder}")


# --- in words, for both ---------------------------------------------------------------------------


def _name(trial: Trial) -> str:
    return f"trial {trial.number} {trial.genome.family}"


def _network(genome: Genome) -> str:
    return f"{genome.family} {shape(genome)}".rstrip()


def _how_far(trial: Trial, tally: Tally) -> Iterator[str]:
    """Of a trial that was not trained in full: scores of different rungs cannot be compared."""
    if not trial.failed and 0 < len(trial.rungs) < tally.rungs:
        yield f"rung {len(trial.rungs)} of {tally.rungs}"


def _reached(tally: Tally) -> Iterator[str]:
    for rung, count in sorted(tally.reached.items()):
        yield f", {count} trained to rung {rung} of {tally.rungs}"


def _summary(tally: Tally, mean_of: str, diversity_of: str) -> Iterator[str]:
    """Of a generation; `mean_of` and `diversity_of` say of which."""
    mean = tally.mean()
    if mean is not None:
        yield f"mean{mean_of} {tally.measure.text(mean)}"
    if tally.diversity is not None:
        yield f"diversity{diversity_of} {tally.diversity:.2f}"
    if tally.front:
        count = len(tally.front)
        yield f"front of {count} network{'s' if count > 1 else ''}"


def _failures(tally: Tally) -> str:
    """3 failed: 2× out of memory, 1× diverged."""
    failures = tally.failures
    shown = [f"{count}× {reason}" for reason, count in failures[:REASONS]]
    more = ["…"] if len(failures) > REASONS else []
    return f"{sum(count for _, count in failures)} failed: {', '.join(shown + more)}"


# --- the live view --------------------------------------------------------------------------------


def plan_table(plan: Plan) -> Table:
    table = Table.grid(padding=(0, 2))
    for label, value in (("run", str(plan.folder)), *plan.summary):
        table.add_row(Text(label, style=QUIET), Text(value))
    return table


def _bar(tally: Tally) -> Table:
    done, whole = tally.share
    bar = Table.grid(padding=(0, 2))
    bar.add_row(
        Text(tally.where(), style=STRONG),
        ProgressBar(total=whole, completed=done, width=24),
        Text(tally.progress()),
    )
    return bar


def _lines(tally: Tally) -> Iterator[Text]:
    yield Text(tally.spent(), style=QUIET)
    best = tally.best
    if best is not None:
        words = [best.genome.family, *filter(None, [costs_of(best.metrics)])]
        score = Text(tally.measure.trial_text(best), style=GOOD)
        yield Text.assemble(f"best {tally.measure.name} ", score, f" {', '.join(words)}")
    summary = ", ".join(_summary(tally, " of this generation", " of the last one"))
    if summary:
        yield Text(summary)
    if tally.failures:
        yield Text(_failures(tally), style=BAD)


def _line(text: Text) -> Text:
    """On one line, however narrow the terminal."""
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _recent(tally: Tally) -> Table:
    table = Table.grid(padding=(0, 2))
    for trial in tally.trials[-RECENT:]:
        if trial.reason is None:
            outcome = Text(" ".join([tally.measure.trial_text(trial), *_how_far(trial, tally)]))
        else:
            outcome = Text(trial.reason, style=BAD)
        outcome.truncate(34, overflow="ellipsis")
        layers = Text(shape(trial.genome), style=QUIET)
        layers.truncate(28, overflow="ellipsis")
        number = Text(f"{trial.number:4}", style=QUIET)
        table.add_row(number, trial.genome.family, outcome, layers)
    return table
