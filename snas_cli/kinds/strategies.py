"""Strategies and mutation operators: what to try next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

from snas_cli.genome import Genome, Space
from snas_cli.kinds.trials import ACCURACY, Objective, Proposal, Trial, by_fitness


class Operator(ABC):
    """A mutation operator."""

    name: ClassVar[str]
    weight: ClassVar[float] = 1.0  # how often it is drawn, next to others; a recipe can change it

    @abstractmethod
    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        """A changed copy of `genome`, made by a method of `space`.

        `rate` is the chance of change for a single gene, for operators that change many. Where
        nothing can change, `genome` itself is returned.
        """


def level_of(generation: int, generations: int, levels: int) -> int:
    """Which of the levels of a progressive search a generation has, from 0 on: the first third of
    all generations goes through the earlier ones, and the rest has the last."""
    early = generations // 3
    return generation * (levels - 1) // early if generation < early else levels - 1


@dataclass(frozen=True)
class SearchSetup:
    """What a strategy is given when a run starts."""

    space: Space
    operators: tuple[tuple[Operator, float], ...]  # with their weights, sorted by name
    admit: Callable[[Genome], bool]  # is it within the limits? costs no training
    population_size: int
    elites: int
    tournament_size: int
    mutation_rate: float
    crossover_rate: float
    options: Mapping[str, Any] = field(default_factory=dict)  # the recipe's search.options
    refusals: Callable[[], str] = lambda: ""  # which limit `admit` refuses by, in words
    smallest: Callable[[str], Genome] | None = None  # of a family, by what is limited
    generations: int = 1
    levels: tuple[Space, ...] = ()  # parts of `space` for a progressive search, simplest first
    objectives: tuple[Objective, ...] = (ACCURACY,)
    rank: Callable[[Iterable[Trial]], list[Trial]] = by_fitness  # by the objectives; as by_fitness
    rungs: Callable[[int], int] = lambda _generation: 1  # that a generation is trained to at most
    proxy_names: tuple[str, ...] = ()  # zero-cost scores that may be asked for
    proxies: Callable[[Genome, Collection[str]], Mapping[str, float]] = lambda _genome, _names: {}

    def level(self, generation: int) -> Space:
        """The part of the space that a generation is kept to."""
        if not self.levels:
            return self.space
        return self.levels[level_of(generation, self.generations, len(self.levels))]


class Strategy(ABC):
    """How a search decides what to try next.

    Resuming replays the recorded trials through `tell`, so that a strategy must draw all chance
    from the generators it is handed and learn only in `tell`: `ask` leaves it as it was.
    """

    name: ClassVar[str]
    wants_proxies: ClassVar[bool] = False  # is it to be told each trial's zero-cost scores?

    def __init__(self, setup: SearchSetup) -> None:
        self.setup = setup

    @property
    def batch_size(self) -> int:
        """How many proposals the next generation has."""
        return self.setup.population_size

    @abstractmethod
    def ask(self, rngs: Sequence[Random]) -> list[Proposal]:
        """The next generation: one proposal for each generator, drawn from it alone."""

    @abstractmethod
    def tell(self, trials: Sequence[Trial]) -> None:
        """The outcome of the last generation, in the order in which it was proposed."""

    def remarks(self) -> list[str]:
        """What the last `tell` made it decide, in sentences for the user."""
        return []
