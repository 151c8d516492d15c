"""Regularized evolution: the oldest of the population dies, not the worst."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from random import Random

from snas_cli.api import Proposal, SearchSetup, Strategy, Trial, hookimpl
from snas_plugins.strategies._breeding import Breeder
from snas_plugins.strategies._options import check_options, whole_number


class Aging(Strategy):
    """Aging evolution (Real et al. 2019, algorithm 1): the population is the last P trials that
    did not fail; the best of S of them, drawn with replacement, is mutated by one operator.

    Until there are P, founders are drawn. The paper proposes one architecture at a time, while many
    workers are still at the last ones: `search.options: {batch: 1}` does that, and then a recipe's
    `generations` counts trials. Without it a generation proposes P at first and then half of that:
    as the paper's workers do, a batch draws from a population that does not know its outcome yet.
    """

    name = "aging"

    def __init__(self, setup: SearchSetup) -> None:
        super().__init__(setup)
        check_options(self.name, setup.options, {"batch"})
        self._batch = whole_number(setup.options, "batch")
        self._breeder = Breeder(setup)
        self._population: deque[Trial] = deque(maxlen=setup.population_size)  # the oldest first

    @property
    def batch_size(self) -> int:
        size = self.setup.population_size
        return self._batch or (max(1, size // 2) if self._population else size)

    def ask(self, rngs: Sequence[Random]) -> list[Proposal]:
        batch: set[str] = set()
        parents = self.setup.rank(self._breeder.eligible(self._population))
        missing = self.setup.population_size - len(self._population)
        count = max(missing, self._breeder.newcomers) if parents else len(rngs)
        founders = self._breeder.founders(rngs[:count], batch)
        return founders + [
            self._breeder.new(partial(self._child, parents, rng), batch) for rng in rngs[count:]
        ]

    def tell(self, trials: Sequence[Trial]) -> None:
        self._breeder.told(trials)
        self._population.extend(trial for trial in trials if not trial.failed)

    def _child(self, parents: Sequence[Trial], rng: Random) -> Proposal:
        """`parents` come best first."""
        drawn = rng.choices(range(len(parents)), k=self.setup.tournament_size)
        return self._breeder.mutant(parents[min(drawn)], rng)


@hookimpl
def snas_register_strategies() -> list[type[Strategy]]:
    return [Aging]
