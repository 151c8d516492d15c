"""How long a search will take."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from snas_cli.experiment.by_training import training_judge
from snas_cli.experiment.estimating import estimate
from snas_cli.registry import Registry
from tests.experiment import tiny


def clock(slow: int) -> Callable[[], float]:
    """A second goes by between two looks at it, but for one of ten, which takes `slow` seconds."""
    ticks = count()
    times = [0.0]

    def look() -> float:
        times.append(times[-1] + (slow if next(ticks) % 10 == 3 else 1))
        return times[-1]

    return look


def test_a_step_that_others_held_up_does_not_count(registry: Registry, tmp_path: Path) -> None:
    recipe = tiny.recipe(registry, tmp_path, training={"batch_size": 128})
    judge = training_judge(recipe, registry)
    expected = estimate(judge, clock(slow=1000))
    assert expected.pictures_per_second == pytest.approx(128)
    assert expected == estimate(judge, clock(slow=1))
    assert expected.seconds(10, at_once=4) == expected.seconds(10) / 4
