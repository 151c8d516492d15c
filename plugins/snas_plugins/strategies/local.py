"""Local search: uphill, one small change at a time, from several starts."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from snas_cli.api import Proposal, SearchSetup, Strategy, Trial, hookimpl
from snas_plugins.strategies._breeding import Breeder
from snas_plugins.strategies._options import check_options

DRAWS_PER_SITE = 20  # finds the last of four neighbours at one site in 99 % of all cases


class LocalSearch(Strategy):
    """Local search (White et al. 2021): every random start begins a climb, and the best of them
    goes on: neighbours of its top, one smallest change away, are tried until one is better.

    A top all of whose neighbours have been tried is a local optimum: its climb ends, the next best
    goes on, and where none is left there are new starts. A generation tries `population_size`
    neighbours, and moves on from the best. Neighbours are drawn, not listed, for layers come with
    random genes; a top ends when draws in plenty find nothing new.
    """

    name = "local"

    def __init__(self, setup: SearchSetup) -> None:
        super().__init__(setup)
        check_options(self.name, setup.options, ())
        self._breeder = Breeder(setup)
        self._starts: dict[int, int] = {}  # trial -> the start of its climb
        self._tops: dict[int, Trial] = {}  # start -> the best of its climb
        self._ended: set[int] = set()  # starts

    def ask(self, rngs: Sequence[Random]) -> list[Proposal]:
        batch: set[str] = set()
        neighbours = self._neighbours(rngs[self._breeder.newcomers :], batch)
        return neighbours + self._breeder.founders(rngs[len(neighbours) :], batch)

    def tell(self, trials: Sequence[Trial]) -> None:
        self._ended |= self._exhausted(trials)
        for trial in trials:
            self._place(trial)
        before = self._breeder.space
        self._breeder.told(trials)
        if self._breeder.space is not before:
            self._ended.clear()  # tops have neighbours that the last level did not allow

    def _place(self, trial: Trial) -> None:
        """In its climb, of which it may be the new top."""
        parents = trial.proposal.parents
        start = self._starts[parents[0]] if parents else trial.number
        self._starts[trial.number] = start
        known = [self._tops[start]] if start in self._tops else []
        for best in self.setup.rank([*known, trial])[:1]:
            self._tops[start] = best

    def _open(self) -> list[Trial]:
        """The tops that may have neighbours left, best first."""
        tops = (top for start, top in self._tops.items() if start not in self._ended)
        return self.setup.rank(self._breeder.eligible(tops))

    def _neighbours(self, rngs: Sequence[Random], batch: set[str]) -> list[Proposal]:
        """For as many of `rngs` as there are any."""
        tops = self._open()
        found: list[Proposal] = []
        while tops and len(found) < len(rngs):
            proposal = self._neighbour(tops[0], rngs[len(found)], batch)
            if proposal:
                found.append(proposal)
            else:
                tops.pop(0)
        return found

    def _neighbour(self, top: Trial, rng: Random, batch: set[str]) -> Proposal | None:
        """A new one, or None where draws in plenty find nothing new."""
        space, genome = self._breeder.space, self._breeder.adopted(top, rng)
        sites = space.sites(genome)

        def draw() -> Proposal:
            return Proposal(space.step(genome, rng.choice(sites), rng), "step", (top.number,))

        return self._breeder.new_if_any(draw, batch, DRAWS_PER_SITE * len(sites))

    def _exhausted(self, trials: Sequence[Trial]) -> set[int]:
        """The climbs that the last `ask` found without neighbours, as its outcome shows: those
        before the last that it drew from, or all where there are more founders than were due."""
        climbs = [self._starts[top.number] for top in self._open()]
        parents = [trial.proposal.parents[0] for trial in trials if trial.proposal.parents]
        if len(trials) - len(parents) > self._breeder.newcomers:
            return set(climbs)
        drawn = {self._starts[number] for number in parents}
        last = max((i for i, start in enumerate(climbs) if start in drawn), default=0)
        return set(climbs[:last])


@hookimpl
def snas_register_strategies() -> list[type[Strategy]]:
    return [LocalSearch]
