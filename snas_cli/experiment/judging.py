"""What the candidates of a run are judged by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Self

from snas_cli.api import Candidate, Genome, Space, Trial
from snas_cli.experiment.curves import Curves
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.runs.journal import Journal
from snas_cli.search.listener import Listener
from snas_cli.search.loop import Record


@dataclass(frozen=True)
class Desk:
    """What a judge works with in a run: its folder and journal, what is recorded so far, and
    where training curves go."""

    folder: RunFolder
    journal: Journal
    record: Record
    curves: Curves
    seconds_left: Callable[[], float] = lambda: inf  # of the run's budget


class Proceedings(ABC):
    """A judge at work in one run, until it is closed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Lets go of workers, if it has any."""

    @property
    @abstractmethod
    def listener(self) -> Listener:
        """Keeps the best network ready for use as the search goes on."""

    @abstractmethod
    def evaluate(self, candidates: Sequence[Candidate]) -> Iterator[Trial]:
        """A trial for each, in whatever order they finish."""

    @abstractmethod
    def conclude(self, trials: Sequence[Trial], listener: Listener) -> dict[str, Any]:
        """The end of the search: publishes the winner, and returns its metrics."""

    def seconds_to_conclude(self, trials: Sequence[Trial]) -> float:
        """About how long `conclude` will take."""
        return 0.0


class Judge(ABC):
    """What candidates are judged by: training on a data set, or a plugin's evaluator."""

    recipe: Recipe
    registry: Registry
    space: Space

    @property
    @abstractmethod
    def subject(self) -> str:
        """What the run is called after."""

    @abstractmethod
    def describe(self) -> list[tuple[str, str]]:
        """What a person wants to know of it before a search starts: label and value."""

    def versions(self) -> dict[str, str]:
        """Of what its results depend on, for the record."""
        return {}

    def timely(self, _notice: Callable[[str], None]) -> Judge:
        """The same for a new run, without networks that its budget leaves no time for."""
        return self

    @abstractmethod
    def trials_within(self, seconds: float) -> float:
        """About how many candidates can be judged in this time, with the end of the search."""

    @property
    def epochs_each(self) -> float:
        """That a candidate is trained for, counted in passes over all pictures."""
        return self.recipe.training.epochs

    @property
    def patience(self) -> int:
        """Of so many candidates one at least must not fail, or the search ends."""
        return self.recipe.search.population_size

    @abstractmethod
    def cost(self, genome: Genome) -> Mapping[str, float]:
        """What a network costs, by the names of limits without `max_`. Free of training."""

    def cost_in_steps(self, genome: Genome) -> Iterator[Mapping[str, float]]:
        """The same, what is quick to find out first."""
        yield self.cost(genome)

    def measured(self, genome: Genome) -> Mapping[str, float]:
        """What takes long to find out: as `cost`, where a limit or an objective needs it."""
        return {}

    def surely_over(self, genome: Genome, cost: Mapping[str, float]) -> bool:
        """Is it over a limit on what is `measured`, and need not be?"""
        return False

    @abstractmethod
    def proxies(self, genome: Genome, names: Collection[str]) -> Mapping[str, float]:
        """Zero-cost scores of a genome, without those that it has none of."""

    @abstractmethod
    def check(self, folder: RunFolder) -> None:
        """Notes in a new run what it is judged by. Raises RunError where an old one was judged by
        something else."""

    @abstractmethod
    def digest(self) -> str:
        """Differs where `check` would refuse."""

    @abstractmethod
    def open(self, desk: Desk) -> Proceedings: ...


def search_metrics(trial: Trial) -> dict[str, Any]:
    """best/metrics.json for a network as the search judged it."""
    return {"stage": "search", **description(trial), **trial.metrics}


def description(trial: Trial) -> dict[str, Any]:
    genome = trial.genome
    return {
        "trial": trial.number,
        "family": genome.family,
        "fingerprint": genome.fingerprint,
        "fitness": trial.fitness,
    }
