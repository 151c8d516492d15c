"""How far from the best of the table a strategy is after so many trainings: its regret."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from itertools import accumulate, repeat
from math import sqrt
from multiprocessing import get_context
from statistics import fmean, stdev
from typing import Any

from snas_cli.api import Strategy, Trial
from snas_cli.bench.cells import best_validation
from snas_cli.execution.inline import evaluate_inline
from snas_cli.experiment.by_evaluator import EvaluatorJudge, evaluator_judge
from snas_cli.experiment.planning import planned_generations, setup_for
from snas_cli.recipe.document import Document
from snas_cli.recipe.loading import check
from snas_cli.registry import GROUP, Registry
from snas_cli.search.budget import Budget
from snas_cli.search.listener import Listener
from snas_cli.search.loop import Search


@dataclass(frozen=True)
class Arena:
    """A table to search in, with the best score that it has."""

    registry: Registry
    family: str
    evaluator: Mapping[str, Any]  # as in a recipe
    best: float


@cache
def bundled() -> Arena:
    """The table that comes with snas, and all strategies and operators that are installed."""
    return Arena(
        registry_with(EntryPoint("bench", "snas_cli.bench.cells", GROUP)),
        "bench_cell", {"name": "bench_table"}, best_validation(),
    )  # fmt: skip


def registry_with(plugin: EntryPoint) -> Registry:
    """What is installed, and a plugin whether it is or not."""
    others = [point for point in entry_points(group=GROUP) if point.value != plugin.value]
    return Registry([*others, plugin])


@dataclass(frozen=True)
class Contestant:
    """A strategy with the settings that a recipe would have for it."""

    title: str
    strategy: str
    settings: Mapping[str, Any] = field(default_factory=dict)  # by dotted key


@dataclass(frozen=True)
class Contest:
    """Every contestant searches with the same seeds."""

    trainings: int
    seeds: int
    arena: Callable[[], Arena] = bundled  # called in each process

    def regrets(self, contestant: Contestant, seed: int) -> list[float]:
        """Points of accuracy below the best of the table, after each training."""
        scores = [trial.fitness or 0.0 for trial in self.search(contestant, seed)]
        return self.regrets_of(scores)

    def regrets_of(self, scores: Sequence[float]) -> list[float]:
        best = self.arena().best
        return [100 * (best - so_far) for so_far in accumulate(scores, max)]

    def search(self, contestant: Contestant, seed: int) -> list[Trial]:
        """As `snas search` does, without a folder."""
        judge = self.judge(contestant, seed)
        strategy = self.strategy(judge)
        return Search(
            strategy=strategy,
            evaluate=partial(
                evaluate_inline,
                evaluate_one=lambda candidate: judge.evaluator.evaluate(candidate.proposal.genome),
            ),
            seed=seed,
            generations=None,
            listener=Listener(),
            rank=strategy.setup.rank,
            patience=judge.patience,
            budget=Budget(trials=self.trainings),
        ).run()

    def judge(self, contestant: Contestant, seed: int) -> EvaluatorJudge:
        """Raises RecipeError for settings that cannot be, PluginError."""
        arena = self.arena()
        document = Document("bench", {
            "seed": seed,
            "space": {"families": [arena.family]},
            "evaluator": dict(arena.evaluator),
            "search": {"strategy": contestant.strategy, "max_trials": self.trainings},
        })  # fmt: skip
        for dotted, value in contestant.settings.items():
            document.set(dotted, value, dotted)
        return evaluator_judge(check(document, arena.registry), arena.registry)

    def strategy(self, judge: EvaluatorJudge) -> Strategy:
        """Raises SearchError for options that it does not have."""
        search = judge.recipe.search
        setup = setup_for(judge, planned_generations(search, self.trainings))
        return judge.registry.strategy(search.strategy)(setup)

    def hold(
        self, contestants: Sequence[Contestant], workers: int
    ) -> Iterator[tuple[Contestant, list[float]]]:
        """The regrets of each contestant with each seed, as they come: contestant by contestant,
        in the order of the seeds. Raises SnasError, for a strategy that fails as well."""
        for contestant in contestants:
            self.strategy(self.judge(contestant, 0))  # a fault is said before anything runs
        pairs = [(each, seed) for each in contestants for seed in range(self.seeds)]
        if workers == 1:
            yield from ((each, self.regrets(each, seed)) for each, seed in pairs)
            return
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            results = pool.map(_regrets, repeat(self), *zip(*pairs, strict=True))
            yield from ((each, curve) for (each, _), curve in zip(pairs, results, strict=True))


def _regrets(contest: Contest, contestant: Contestant, seed: int) -> list[float]:
    return contest.regrets(contestant, seed)


@dataclass(frozen=True)
class Line:
    """What came of one contestant: its regrets after each training, one curve for each seed."""

    title: str
    curves: Sequence[Sequence[float]]

    def at(self, trainings: int) -> list[float]:
        """One for each seed; a search that ended early has its last."""
        return [curve[min(trainings, len(curve)) - 1] for curve in self.curves]

    def mean(self, trainings: int) -> float:
        return fmean(self.at(trainings))

    def half_width(self, trainings: int) -> float:
        """Of the 95 % interval of the mean, by Student's t."""
        from scipy.stats import t

        regrets = self.at(trainings)
        quantile = float(t.ppf(0.975, len(regrets) - 1))
        return quantile * stdev(regrets) / sqrt(len(regrets))

    def against(self, other: Line, trainings: int) -> tuple[int, int]:
        """With how many of the same seeds it is better than the other, and with how many worse."""
        pairs = list(zip(self.at(trainings), other.at(trainings), strict=True))
        return sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)


def checkpoints(trainings: int) -> tuple[int, ...]:
    """After which the table of a contest has a column: a quarter, a half and all."""
    return tuple(sorted({max(1, trainings // 4), max(1, trainings // 2), trainings}))
