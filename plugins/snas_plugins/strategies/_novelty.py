"""Proposals that are within the limits and that nobody has tried yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from snas_cli.api import Genome, Proposal, SearchError, SearchSetup, Space

DRAWS = 400  # for one proposal; a limit that passes 1 % is still met in 98 % of all cases


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
        architecture twice, but looks its result up. Raises SearchError where nothing is admitted.
        """
        repeated = None
        for proposal in _draws(draw, self._admit):
            fingerprint = proposal.genome.fingerprint
            if fingerprint not in self._seen and fingerprint not in batch:
                batch.add(fingerprint)
                return proposal
            repeated = proposal
        repeated = repeated or self._smallest(batch)
        if repeated is None:
            raise SearchError(
                f"none of {DRAWS} architectures drawn is within the limits, nor is the smallest of "
                f"any family: {self._setup.refusals()}"
            )
        return repeated

    def _smallest(self, batch: set[str]) -> Proposal | None:
        """Where hardly anything is within the limits, the simplest genome of a family may be: a new
        one, if there is any."""
        space = self._setup.space
        simplest = [space.extremes(family)[0] for family in space.families]
        admitted = [genome for genome in simplest if self._admit(genome)]
        admitted.sort(key=lambda genome: not self.is_new(genome, batch))
        if not admitted:
            return None
        batch.add(admitted[0].fingerprint)
        return Proposal(admitted[0], operator="random")

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


def _draws(draw: Callable[[], Proposal], admit: Callable[[Genome], bool]) -> Iterator[Proposal]:
    for _ in range(DRAWS):
        proposal = draw()
        if admit(proposal.genome):
            yield proposal


def random_proposal(space: Space, rng: Random, family: str | None = None) -> Proposal:
    return Proposal(space.sample(rng, family), operator="random")
