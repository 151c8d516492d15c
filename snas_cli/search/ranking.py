"""Which trials are the best."""

from __future__ import annotations

from collections.abc import Iterable

from snas_cli.api import Trial


def leaders(trials: Iterable[Trial], count: int) -> list[Trial]:
    """The fittest `count` architectures, best first; of equals, the one proposed earlier."""
    alive = sorted((t for t in trials if t.fitness is not None), key=_rank)
    first_of_each = {trial.genome.fingerprint: trial for trial in reversed(alive)}
    return sorted(first_of_each.values(), key=_rank)[:count]


def _rank(trial: Trial) -> tuple[float, int]:
    assert trial.fitness is not None  # failed trials have no rank
    return (-trial.fitness, trial.number)
