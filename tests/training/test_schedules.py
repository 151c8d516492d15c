"""Learning rates through a training."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snas_cli.recipe.schema import TrainingSettings
from snas_cli.training.schedules import learning_rate_factor

SCHEDULES = ["cosine", "one_cycle", "constant"]


def factors(steps: int, **settings: object) -> list[float]:
    chosen = TrainingSettings.model_validate(settings)
    return [learning_rate_factor(chosen, step, steps) for step in range(steps)]


def test_the_cosine_rises_in_a_tenth_of_the_steps_and_falls_to_nothing() -> None:
    drawn = factors(100)
    assert drawn[:10] == [step / 10 for step in range(1, 11)]
    assert drawn[10] == 1
    assert drawn[55] == pytest.approx(0.5)
    assert drawn[99] == pytest.approx(0, abs=1e-3)


def test_constant_stays_at_its_height() -> None:
    assert factors(20, schedule="constant", warm_up=0.2) == [0.25, 0.5, 0.75] + [1] * 17
    assert factors(3, schedule="constant", warm_up=0.0) == [1, 1, 1]


@pytest.mark.parametrize(("steps", "warm_up"), [(100, 0.3), (37, 0.1), (10, 0.5), (400, 0.9)])
def test_one_cycle_is_torchs(steps: int, warm_up: float) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.9)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1.0, total_steps=steps, pct_start=warm_up
    )
    expected = []
    for _ in range(steps):
        expected.append(theirs.get_last_lr()[0])
        optimizer.step()
        if len(expected) < steps:
            theirs.step()
    assert factors(steps, schedule="one_cycle", warm_up=warm_up) == pytest.approx(expected)


@given(st.sampled_from(SCHEDULES), st.integers(1, 300), st.floats(0, 1, exclude_max=True))
def test_every_factor_is_a_share_and_the_height_is_reached(
    schedule: str, steps: int, warm_up: float
) -> None:
    drawn = factors(steps, schedule=schedule, warm_up=warm_up)
    assert all(math.isfinite(factor) and 0 <= factor <= 1 for factor in drawn)
    # One cycle's height may fall between two steps.
    assert max(drawn) == 1 or (schedule == "one_cycle" and max(drawn) > 0.5) or steps < 4
    rising = drawn[: drawn.index(max(drawn))]
    assert rising == sorted(rising)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_single_step_learns(schedule: str) -> None:
    assert factors(1, schedule=schedule) == [1]
