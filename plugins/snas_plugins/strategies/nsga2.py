"""NSGA-II: evolution towards the Pareto front of several objectives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random

from snas_cli.api import Proposal, SearchSetup, Strategy, Trial, hookimpl
from snas_plugins.strategies._breeding import Breeder
from snas_plugins.strategies._options import check_options


class Nsga2(Strategy):
    """NSGA-II (Deb et al. 2002): parents and children compete for the places of the next
    population, and mates are the better of two drawn at random, each by front and crowding.

    With one objective it is a plain (μ+λ) evolution. `elites` and `tournament_size` do not count:
    whoever is good enough stays, and two compete. No architecture has two places.
    """

    name = "nsga2"

    def __init__(self, setup: SearchSetup) -> None:
        super().__init__(setup)
        check_options(self.name, setup.options, ())
        self._breeder = Breeder(setup)
        self._population: list[Trial] = []  # best first, all of the level

    def ask(self, rngs: Sequence[Random]) -> list[Proposal]:
        batch: set[str] = set()
        count = self._breeder.newcomers if self._population else len(rngs)
        founders = self._breeder.founders(rngs[:count], batch)
        return founders + [
            self._breeder.new(partial(self._child, rng), batch) for rng in rngs[count:]
        ]

    def tell(self, trials: Sequence[Trial]) -> None:
        self._breeder.told(trials)
        ranked = self.setup.rank(self._breeder.eligible([*self._population, *trials]))
        first_of_each = {trial.genome.fingerprint: trial for trial in reversed(ranked)}
        architectures = [t for t in ranked if first_of_each[t.genome.fingerprint] is t]
        self._population = architectures[: self.setup.population_size]

    def _child(self, rng: Random) -> Proposal:
        return self._breeder.child(self._mate(rng), self._mate(rng), rng)

    def _mate(self, rng: Random) -> Trial:
        """The winner of a binary tournament."""
        places = range(len(self._population))
        return self._population[min(rng.sample(places, min(2, len(places))))]


@hookimpl
def snas_register_strategies() -> list[type[Strategy]]:
    return [Nsga2]
