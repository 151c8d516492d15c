"""What strategies that breed share: founders of every family, mutants and children of parents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, repeat
from random import Random

from snas_cli.api import Genome, Proposal, SearchSetup, Space, Trial
from snas_plugins.strategies._novelty import BARREN, Novelty, random_proposal

FOUNDING = ("random", "start")  # what founders are made by
TEXTBOOK = "textbook"  # what the first of a family is made by


class Breeder:
    """Makes proposals that are new, and of the level that the search has reached.

    It learns in `told` alone. A `batch` holds the fingerprints of what one `ask` proposes.
    """

    def __init__(self, setup: SearchSetup) -> None:
        self.setup = setup
        self._novelty = Novelty(setup)
        self._lines: Counter[str] = Counter()  # how many each family was to found
        self.generation = 0  # that is asked for next
        self.rate = setup.mutation_rate

    @property
    def space(self) -> Space:
        """The level that the search has reached."""
        return self.setup.level(self.generation)

    def told(self, trials: Sequence[Trial]) -> None:
        """A generation is over."""
        for trial in trials:
            self._novelty.remember(trial.genome)
            if trial.proposal.operator == TEXTBOOK:
                self._lines[trial.genome.family] += 1
            elif trial.proposal.operator in FOUNDING:
                self._lines[self._poorest(self._lines)] += 1  # as `founders` chose it
        self.generation += 1

    def eligible(self, trials: Iterable[Trial]) -> list[Trial]:
        """Those whose family is part of the level."""
        return [trial for trial in trials if trial.genome.family in self.space.families]

    # --- founders ---------------------------------------------------------------------------------

    @property
    def newcomers(self) -> int:
        """How many families of the level have founded no line yet, or can be tried as their
        textbooks have them."""
        lineless = {family for family in self.space.families if not self._lines[family]}
        return len(lineless | {genome.family for genome in self._textbooks()})

    def founders(self, rngs: Sequence[Random], batch: set[str]) -> list[Proposal]:
        """First what the textbooks have, as large as the level and the limits allow. Then every
        family founds as many lines as any other, so that none is lost to chance. Every other line
        of a family starts from the training settings that work for most: one that learns nothing
        at its settings says nothing of its architecture."""
        lines = self._lines.copy()
        founders = [Proposal(genome, TEXTBOOK) for genome in self._textbooks()][: len(rngs)]
        for founder in founders:
            batch.add(founder.genome.fingerprint)
            lines[founder.genome.family] += 1
        for rng in rngs[len(founders) :]:
            family = self._poorest(lines)
            draw = partial(self._founder, rng, lines[family] % 2 == 0, _first(family))
            founders.append(self._novelty.first_new(draw, batch))
            lines[family] += 1
        return founders

    def _textbooks(self) -> list[Genome]:
        """Those of the level's families that nobody has tried."""
        found = (self._textbook(family) for family in self.space.families)
        return [genome for genome in found if genome and self._novelty.is_new(genome, set())]

    def _textbook(self, family: str) -> Genome | None:
        """The slimmest that there is where the limits ask for it; None where that is too large."""
        genome = self.space.textbook(family)
        while genome is not None and not self.setup.admit(genome):
            slimmer = self.space.slimmer(genome)
            genome = None if slimmer == genome else slimmer
        return genome

    def _poorest(self, lines: Counter[str]) -> str:
        """The family that has founded the fewest; of equals, the first by name."""
        return min(self.space.families, key=lambda family: lines[family])

    def _founder(self, rng: Random, started: bool, families: Iterator[str | None]) -> Proposal:
        proposal = random_proposal(self.space, rng, next(families))
        if not started:
            return proposal
        return Proposal(self.space.started(proposal.genome), "start")

    def founder(self, rng: Random, family: str) -> Proposal:
        """One more of a family, every other time with the settings that work for most."""
        return self._founder(rng, rng.random() < 0.5, repeat(family))

    # --- children ---------------------------------------------------------------------------------

    def is_new(self, genome: Genome, batch: set[str]) -> bool:
        return self._novelty.is_new(genome, batch)

    def new(self, draw: Callable[[], Proposal], batch: set[str]) -> Proposal:
        """The first of some draws that nobody has tried (see `Novelty.first_new`)."""
        return self._novelty.first_new(draw, batch)

    def new_if_any(
        self, draw: Callable[[], Proposal], batch: set[str], draws: int
    ) -> Proposal | None:
        """The same of up to `draws`, or None where there is none."""
        return self._novelty.new_if_any(draw, batch, draws)

    def adopted(self, trial: Trial, rng: Random) -> Genome:
        """Its genome as one of the level, which may ask for more layers than the last one did."""
        return self.space.transplant(trial.genome, trial.genome.family, rng)

    def mutant(self, parent: Trial, rng: Random) -> Proposal:
        """By one of the operators."""
        genome, operator = self._mutated(self.adopted(parent, rng), rng)
        return Proposal(genome, operator, (parent.number,))

    def again(self, proposal: Proposal, rng: Random) -> Proposal:
        """A proposal that is mutated once more before anybody trains it."""
        genome, operator = self._mutated(proposal.genome, rng)
        return replace(proposal, genome=genome, operator=f"{proposal.operator}+{operator}")

    def child(self, mother: Trial, father: Trial, rng: Random) -> Proposal:
        """Crossover, with its rate as chance, and then mutation; else mutation of the mother alone.
        Parents of different families have no genes in the same place, so they do not cross."""
        crossed = (
            rng.random() < self.setup.crossover_rate
            and father.number != mother.number
            and father.genome.family == mother.genome.family
        )
        if not crossed:
            return self.mutant(mother, rng)
        one, other = self.adopted(mother, rng), self.adopted(father, rng)
        genome, operator = self._mutated(self.space.crossover(one, other, rng), rng)
        return Proposal(genome, f"crossover+{operator}", (mother.number, father.number))

    def _mutated(self, genome: Genome, rng: Random) -> tuple[Genome, str]:
        """By the first of the operators, drawn by weight, that has something to change in it."""
        left = dict(self.setup.operators)
        while True:
            (operator,) = rng.choices(list(left), list(left.values()))
            mutant = operator.mutate(genome, self.space, rng, self.rate)
            del left[operator]
            if mutant != genome or not left:
                return mutant, operator.name


def _first(family: str) -> Iterator[str | None]:
    """A family to draw from and, where it has nothing within the limits, any."""
    return chain(repeat(family, BARREN), repeat(None))
