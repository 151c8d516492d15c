"""Random search (Bergstra & Bengio 2012): the line that every other strategy has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random

from snas_cli.api import Proposal, SearchSetup, Strategy, Trial, hookimpl
from snas_plugins.strategies._novelty import Novelty, random_proposal


class RandomSearch(Strategy):
    """Independent draws from the space, without repetition."""

    name = "random"

    def __init__(self, setup: SearchSetup) -> None:
        super().__init__(setup)
        self._novelty = Novelty(setup)

    def ask(self, rngs: Sequence[Random]) -> list[Proposal]:
        batch: set[str] = set()
        draws = (partial(random_proposal, self.setup.space, rng) for rng in rngs)
        return [self._novelty.first_new(draw, batch) for draw in draws]

    def tell(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            self._novelty.remember(trial.genome)


@hookimpl
def snas_register_strategies() -> list[type[Strategy]]:
    return [RandomSearch]
