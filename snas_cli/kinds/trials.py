"""Candidates, what becomes of them, and which is the better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from snas_cli.errors import SearchError
from snas_cli.genome import Genome


@dataclass(frozen=True)
class Proposal:
    """A candidate, and where it comes from."""

    genome: Genome
    operator: str  # what made it: "random", "crossover", or a mutation operator's name
    parents: tuple[int, ...] = ()  # numbers of trials
    predicted: float | None = field(default=None, compare=False)  # its fitness, by a model
    proxies: Mapping[str, float] = field(default_factory=dict, compare=False)  # zero-cost scores


@dataclass(frozen=True)
class Candidate:
    """A proposal that is to be evaluated."""

    number: int  # counts from 0 through the whole search, in the order of proposal
    generation: int
    proposal: Proposal
    rung: int = 0  # to which it is to be trained; from 1 on it goes on from its own weights


@dataclass(frozen=True)
class Evaluation:
    """What judging a candidate gave."""

    fitness: float  # larger is better
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """A candidate and what became of it. A failed trial has a reason and no fitness."""

    number: int  # its candidate's
    generation: int
    proposal: Proposal
    fitness: float | None
    metrics: Mapping[str, float] = field(default_factory=dict)
    reason: str | None = None
    rungs: tuple[float, ...] = ()  # fitness after each rung it was trained to, the last one too
    seconds: float = field(default=0.0, compare=False)  # no two runs take the same time

    @property
    def genome(self) -> Genome:
        return self.proposal.genome

    @property
    def failed(self) -> bool:
        return self.fitness is None


@dataclass(frozen=True)
class Objective:
    """What is sought: the most of the fitness, or the least (or most) of one of the metrics."""

    name: str  # as in a recipe: accuracy, params, latency_ms
    metric: str | None = None  # None: the fitness
    largest: bool = False  # is more of the metric better?

    def value(self, trial: Trial) -> float:
        """Of a trial that did not fail; less is better. Raises SearchError for a metric that the
        trial lacks."""
        if self.metric is None:
            assert trial.fitness is not None  # only failed trials have none
            return -trial.fitness
        if self.metric not in trial.metrics:
            raise SearchError(
                f"the objective {self.name!r} is no metric of trial {trial.number}, which has "
                f"{', '.join(trial.metrics) or 'none'}"
            )
        return -trial.metrics[self.metric] if self.largest else trial.metrics[self.metric]


ACCURACY = Objective("accuracy")


def by_fitness(trials: Iterable[Trial]) -> list[Trial]:
    """Those that did not fail, best first; of equals, the one proposed earlier. What was trained
    to a further rung comes before what was not: scores of different rungs cannot be compared."""
    alive = [(-trial.fitness, trial) for trial in trials if trial.fitness is not None]
    alive.sort(key=lambda scored: (-len(scored[1].rungs), scored[0], scored[1].number))
    return [trial for _, trial in alive]
