"""What a run's recipe, trials and journal tell of it, worked out once for the terminal and the
report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from snas_cli.api import Objective, Trial
from snas_cli.errors import RecipeError
from snas_cli.recipe.document import read_document
from snas_cli.recipe.resolve import objectives_of
from snas_cli.recipe.schema import Recipe
from snas_cli.search.lineage import (
    FEWEST,
    Agreement,
    OperatorRecord,
    ancestry,
    operators_that_paid,
    proxy_agreement,
    surrogate_agreement,
)
from snas_cli.search.ranking import front, leaders
from snas_cli.search.wording import Measure, measure_of

USED, NOT_USED = ": used", ": not used"  # how a strategy's verdict on a proxy ends

Event = Mapping[str, Any]  # of the journal


@dataclass(frozen=True)
class ProxyRecord:
    """A zero-cost score: how it agrees with the fitness of all trials, and what the strategy made
    of it when it last said so."""

    name: str
    agreement: Agreement
    used: bool | None  # None: the strategy never said
    verdict: str | None


@dataclass(frozen=True)
class Times:
    """Seconds. The first two are the clock's, the last is the sum over all workers."""

    search: float
    conclusion: float  # final trainings, test and controls
    trainings: float  # of candidates

    @property
    def total(self) -> float:
        return self.search + self.conclusion


@dataclass(frozen=True)
class Account:
    """A run, finished or not."""

    recipe: Recipe
    trials: Sequence[Trial]
    events: Sequence[Event]
    best: Mapping[str, Any] | None  # best/metrics.json

    @property
    def measure(self) -> Measure:
        return measure_of(self.recipe)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        return objectives_of(self.recipe)

    @property
    def winner(self) -> Trial | None:
        """The trial whose network was kept."""
        number = None if self.best is None else self.best["trial"]
        return next((trial for trial in self.trials if trial.number == number), None)

    @property
    def leaders(self) -> list[Trial]:
        return leaders(self.trials, 10)

    @property
    def generations(self) -> list[Event]:
        """The summary of each that is over, in order; the latest, where a search was extended."""
        summaries = {e["generation"]: e for e in self.events if e["event"] == "generation"}
        return [summaries[number] for number in sorted(summaries)]

    @cached_property
    def operators(self) -> list[OperatorRecord]:
        return operators_that_paid(self.trials)

    @cached_property
    def lineage(self) -> list[Trial]:
        """Of the winner, from it back to a founder."""
        return ancestry(self.winner, self.trials) if self.winner else []

    @cached_property
    def front(self) -> list[Trial]:
        """Empty where one thing alone was sought."""
        return front(self.trials, self.objectives) if len(self.objectives) > 1 else []

    @cached_property
    def surrogate(self) -> Agreement:
        return surrogate_agreement(self.trials)

    @cached_property
    def proxies(self) -> list[ProxyRecord]:
        """Those that any candidate has a score by, in the order of the recipe."""
        scored = {name for trial in self.trials for name in trial.proposal.proxies}
        names = [name for name in self.recipe.search.proxies if name in scored]
        verdicts = dict(_verdicts(self.events, names))
        return [
            ProxyRecord(name, proxy_agreement(name, self.trials), *_use(verdicts.get(name)))
            for name in names
        ]

    @property
    def failures(self) -> list[tuple[str, int]]:
        """Each reason, and how many candidates failed of it; the most frequent first."""
        return failures_of(self.trials)

    @property
    def times(self) -> Times:
        """Each stretch of time belongs to the event that it led to."""
        search = conclusion = before = 0.0
        for event in self.events:
            elapsed = event.get("elapsed", before)
            if event["event"] == "finished":
                conclusion += max(elapsed - before, 0)
            else:
                search += max(elapsed - before, 0)
            before = max(before, elapsed)
        return Times(search, conclusion, sum(trial.seconds for trial in self.trials))


def failures_of(trials: Iterable[Trial]) -> list[tuple[str, int]]:
    return Counter(trial.reason for trial in trials if trial.reason is not None).most_common()


def _verdicts(events: Iterable[Event], names: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Proxy and sentence, the last of each last."""
    for event in events:
        if event["event"] == "notice":
            said: str = event["what"]
            name = said.partition(":")[0]
            if name in names and said.endswith((USED, NOT_USED)):
                yield name, said


def _use(verdict: str | None) -> tuple[bool | None, str | None]:
    return (None if verdict is None else verdict.endswith(USED)), verdict


def recorded_recipe(path: Path) -> Recipe:
    """A run's recipe.yaml, whether the plugins that it names are there or not. Raises
    RecipeError."""
    document = read_document(path)
    try:
        return Recipe.model_validate(document.values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise RecipeError(
            [f"{path}: {key}: {first['msg']}; was it written by another version of snas?"]
        ) from None


def account_as_json(account: Account) -> dict[str, Any]:
    return {
        "measure": account.measure.name,
        "objectives": [objective.name for objective in account.objectives],
        "operators": [asdict(record) for record in account.operators],
        "lineage": [
            {"trial": trial.number, "operator": trial.proposal.operator,
             "parents": list(trial.proposal.parents), "family": trial.genome.family,
             "fitness": trial.fitness}
            for trial in account.lineage
        ],
        "surrogate": asdict(account.surrogate),
        "proxies": [asdict(record) for record in account.proxies],
        "failures": [{"reason": reason, "candidates": n} for reason, n in account.failures],
        "seconds": {**asdict(account.times), "total": account.times.total},
        "front": [
            {"trial": trial.number, **{o.name: _plain(o, trial) for o in account.objectives}}
            for trial in account.front
        ],
        "generations": [{**event} for event in account.generations],
    }  # fmt: skip


def correlation_text(agreement: Agreement) -> str:
    if agreement.correlation is not None:
        return (
            f"{agreement.correlation:.2f} (95 %: {agreement.low:.2f} to {agreement.high:.2f}) "
            f"over {agreement.trials} trials"
        )
    if agreement.trials < FEWEST:
        return f"unknown: {agreement.trials} trials have one, and {FEWEST} are needed"
    return f"unknown: all {agreement.trials} are alike"


def _plain(objective: Objective, trial: Trial) -> float | None:
    return trial.fitness if objective.metric is None else trial.metrics[objective.metric]
