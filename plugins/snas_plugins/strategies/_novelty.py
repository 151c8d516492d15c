"""Proposals that are within the limits and that nobody has tried yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from snas_cli.api import Genome, Proposal, SearchError, SearchSetup, Space

DRAWS = 400  # for one proposal; a limit that passes 1 % is still met in 98 % of all cases
BARREN = 100  # of them without success, and there is a look at the smallest networks
SCARCE = 20  # fewer of all draws within the limits, likewise
WALK, REACH = 100, 3  # how many looks around the smallest of a family, each so many steps further


class Novelty:
    """Remembers the architectures of a run, so that none is trained twice."""

    def __init__(self, setup: SearchSetup) -> None:
        self._admit = setup.admit
        self._setup = setup
        self._seen: set[str] = set()

    def remember(self, genome: Genome) -> None:
        self._seen.add(genome.fingerprint)

    def is_new(self, genome: Genome, batch: set[str]) -> bool:
        """Is it neither remembered nor in `batch`?"""
        return genome.fingerprint not in self._seen and genome.fingerprint not in batch

    def first_new(self, draw: Callable[[], Proposal], batch: set[str]) -> Proposal:
        """The first admissible draw that is neither remembered nor in `batch`, to which it is
        added. In a space that is used up, the last admissible draw: the search trains no
        architecture twice, but looks its result up. Where hardly any draw is admissible, small
        networks are looked at, too. Raises SearchError where nothing is admitted.
        """
        repeated = None
        for proposal in self._admitted(draw):
            if self.is_new(proposal.genome, batch):
                batch.add(proposal.genome.fingerprint)
                return proposal
            repeated = proposal
        if repeated is None:
            raise SearchError(
                f"none of {DRAWS} architectures drawn is within the limits, nor is the smallest of "
                f"any family; {self._setup.refusals()}"
            )
        return repeated

    def _admitted(self, draw: Callable[[], Proposal]) -> Iterator[Proposal]:
        """Draws within the limits. Where there is hardly any, also what lies around the smallest
        networks, first of the families that were drawn."""
        count = 0
        families: dict[str, None] = {}
        for drawn in range(1, DRAWS + 1):
            proposal = draw()
            families[proposal.genome.family] = None
            if self._admit(proposal.genome):
                count += 1
                yield proposal
            if drawn == BARREN and not count:
                for family in families:
                    yield from self._small(family, proposal)
        if count < SCARCE:
            others = [name for name in self._setup.space.families if name not in families]
            Random(proposal.genome.fingerprint).shuffle(others)
            for family in [*families, *others]:
                yield from self._small(family, proposal)

    def _small(self, family: str, instead_of: Proposal) -> Iterator[Proposal]:
        """What small steps lead to from the smallest network of a family, as far as it is within
        the limits. It may lie outside the level that the search has reached."""
        space, smallest = self._setup.space, self._smallest(family)
        if not self._admit(smallest):
            return
        operator = "smallest" if instead_of.parents else instead_of.operator
        rng = Random(instead_of.genome.fingerprint)  # which was drawn, so this is as random
        found = [smallest]
        yield Proposal(smallest, operator)
        for _ in range(WALK):
            genome = rng.choice(found)
            for _ in range(rng.randint(1, REACH)):
                genome = space.step(genome, rng.choice(space.sites(genome)), rng)
            if self._admit(genome):
                found.append(genome)
                yield Proposal(genome, operator)

    def _smallest(self, family: str) -> Genome:
        if self._setup.smallest is not None:
            return self._setup.smallest(family)
        lowest, _ = self._setup.space.extremes(family)
        return self._setup.space.started(lowest)

    def new_if_any(
        self, draw: Callable[[], Proposal], batch: set[str], draws: int
    ) -> Proposal | None:
        """The same of up to `draws`, but None where each of them is remembered, in `batch` or
        beyond the limits."""
        for _ in range(min(draws, DRAWS)):
            proposal = draw()
            fingerprint = proposal.genome.fingerprint
            if fingerprint in self._seen or fingerprint in batch:
                continue
            if self._admit(proposal.genome):
                batch.add(fingerprint)
                return proposal
        return None


def random_proposal(space: Space, rng: Random, family: str | None = None) -> Proposal:
    return Proposal(space.sample(rng, family), operator="random")
