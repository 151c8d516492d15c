"""How much training each rung of successive halving stands for."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from snas_cli.recipe.schema import RungSettings, TrainingSettings


@dataclass(frozen=True)
class Stage:
    """Of the training on one rung, after that of the rungs below it."""

    epochs: int
    max_batches: int  # in each epoch


def stage_of(rung: int, rungs: RungSettings, training: TrainingSettings, batches: int) -> Stage:
    """What a candidate is trained on this rung, where an epoch has so many `batches`. On the last
    rung it has had the recipe's whole training, on the one below a `factor`-th of it, and so on;
    at least one batch more on each."""
    steps = _steps(rung, rungs, training.epochs * batches)
    steps -= _steps(rung - 1, rungs, training.epochs * batches) if rung else 0
    epochs = ceil(steps / batches)
    return Stage(epochs, ceil(steps / epochs))


def _steps(rung: int, rungs: RungSettings, total: int) -> int:
    """Of the optimizer, up to and with this rung."""
    divisor: int = rungs.factor ** (rungs.count - 1 - rung)
    return max(rung + 1, round(total / divisor))
