"""Evolution: tournament selection, elites, layer-wise crossover, mutation by weighted operators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, cycle, product, repeat
from random import Random

from snas_cli.api import Genome, Proposal, SearchSetup, Space, Strategy, Trial, hookimpl
from snas_plugins.strategies._novelty import DRAWS, Novelty, random_proposal

NICHE_SHARE = 0.4  # of all mothers are chosen within one family, whichever it is


class Evolution(Strategy):
    """A population that is replaced by its children, but for its elites, each generation.

    Families are niches (Mahfoud 1995): the champion of each stays a parent, and some mothers are
    chosen within a family drawn at random. A kind of network that learns slowly at first, as
    convolutions do next to perceptrons, is not lost to one that is quick.
    """

    name = "evolution"

    def __init__(self, setup: SearchSetup) -> None:
        super().__init__(setup)
        self._novelty = Novelty(setup)
        self._population: list[Trial] = []  # best first
        self._generation = 0

    @property
    def batch_size(self) -> int:
        """Elites stay in the population with the fitness they have, so they are not trained."""
        elites = min(self.setup.elites, len(self._population))
        return self.setup.population_size - elites

    @property
    def _space(self) -> Space:
        """The level that the search has reached."""
        return self.setup.level(self._generation)

    @property
    def _parents(self) -> list[Trial]:
        """Best first."""
        return [trial for trial in self._population if trial.genome.family in self._space.families]

    def ask(self, rngs: Sequence[Random]) -> list[Proposal]:
        batch: set[str] = set()
        if not self._parents:
            return self._founders(rngs, list(self._space.families), batch)
        newcomers = self._newcomers()[: len(rngs)]
        founders = self._founders(rngs[: len(newcomers)], newcomers, batch)
        return founders + [
            self._novelty.first_new(partial(self._child, rng), batch)
            for rng in rngs[len(newcomers) :]
        ]

    def tell(self, trials: Sequence[Trial]) -> None:
        self._generation += 1
        for trial in trials:
            self._novelty.remember(trial.genome)
        alive = [trial for trial in trials if not trial.failed]
        ranked = sorted([*self._population, *alive], key=_rank)
        champions = {trial.genome.family: trial for trial in reversed(ranked)}
        elites = self._population[: self.setup.elites]
        survivors = {trial.number: trial for trial in (*elites, *champions.values(), *alive)}
        self._population = sorted(survivors.values(), key=_rank)

    def _newcomers(self) -> list[str]:
        """The families that enter with this generation's level."""
        before = self.setup.level(self._generation - 1)
        return [family for family in self._space.families if family not in before.families]

    def _founders(
        self, rngs: Sequence[Random], families: list[str], batch: set[str]
    ) -> list[Proposal]:
        """Every family founds as many lines as any other, so that none is lost to chance."""
        lines = cycle(product((True, False), families))
        return [
            self._novelty.first_new(partial(self._founder, rng, started, _first(family)), batch)
            for rng, (started, family) in zip(rngs, lines, strict=False)
        ]

    def _founder(self, rng: Random, started: bool, families: Iterator[str | None]) -> Proposal:
        """Every other line of a family starts from the training settings that work for most: one
        that learns nothing at its settings says nothing of its architecture."""
        proposal = random_proposal(self._space, rng, next(families))
        if not started:
            return proposal
        return Proposal(self._space.started(proposal.genome), "start")

    def _child(self, rng: Random) -> Proposal:
        """Crossover and then mutation, or mutation alone; parents of different families have no
        genes in the same place, so the child is a mutant of one."""
        mother = self._mother(rng)
        father = self._tournament(self._parents, rng)
        crossed = (
            rng.random() < self.setup.crossover_rate
            and father is not mother
            and father.genome.family == mother.genome.family
        )
        genome = self._adopted(mother, rng)
        if crossed:
            genome = self._space.crossover(genome, self._adopted(father, rng), rng)
        mutant, operator = self._mutate(genome, rng)
        if crossed:
            return Proposal(mutant, f"crossover+{operator}", (mother.number, father.number))
        return Proposal(mutant, operator, (mother.number,))

    def _adopted(self, trial: Trial, rng: Random) -> Genome:
        """Its genome as one of the level, which may ask for more layers than the last one did."""
        return self._space.transplant(trial.genome, trial.genome.family, rng)

    def _mutate(self, genome: Genome, rng: Random) -> tuple[Genome, str]:
        """By the first of the operators, drawn by weight, that has something to change in it."""
        left = dict(self.setup.operators)
        while True:
            (operator,) = rng.choices(list(left), list(left.values()))
            mutant = operator.mutate(genome, self._space, rng, self.setup.mutation_rate)
            del left[operator]
            if mutant != genome or not left:
                return mutant, operator.name

    def _mother(self, rng: Random) -> Trial:
        parents = self._parents
        if rng.random() >= NICHE_SHARE:
            return self._tournament(parents, rng)
        family = rng.choice(sorted({trial.genome.family for trial in parents}))
        return self._tournament([t for t in parents if t.genome.family == family], rng)

    def _tournament(self, group: Sequence[Trial], rng: Random) -> Trial:
        """The best of a few drawn from `group` (Goldberg & Deb 1991)."""
        return min(rng.sample(group, min(self.setup.tournament_size, len(group))), key=_rank)


def _first(family: str) -> Iterator[str | None]:
    """A family to draw from and, where it has nothing within the limits, any."""
    return chain(repeat(family, DRAWS // 2), repeat(None))


def _rank(trial: Trial) -> tuple[float, int]:
    """Sorts the fittest first; of equals, the older."""
    assert trial.fitness is not None  # the population holds no failed trials
    return (-trial.fitness, trial.number)


@hookimpl
def snas_register_strategies() -> list[type[Strategy]]:
    return [Evolution]
