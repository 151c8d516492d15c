"""What each rung stands for: together they are the whole training."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snas_cli.recipe.schema import RungSettings, TrainingSettings
from snas_cli.training.stages import FEWEST_STEPS, Stage, in_stages, stage_of

counts, factors = st.integers(1, 5), st.integers(2, 5)


def stages(count: int, factor: int, epochs: int, batches: int) -> list[Stage]:
    rungs, training = RungSettings(count=count, factor=factor), TrainingSettings(epochs=epochs)
    return [stage_of(rung, rungs, training, batches) for rung in range(count)]


def steps(stage: Stage) -> int:
    return stage.epochs * stage.max_batches


@given(counts, factors, st.integers(1, 60), st.integers(1, 500))
def test_each_rung_has_a_step_and_no_more_batches_than_there_are(
    count: int, factor: int, epochs: int, batches: int
) -> None:
    for stage in stages(count, factor, epochs, batches):
        assert stage.epochs >= 1
        assert 1 <= stage.max_batches <= batches


@given(factors, st.integers(1, 60), st.integers(1, 500))
def test_a_single_rung_is_the_recipes_training(factor: int, epochs: int, batches: int) -> None:
    assert stages(1, factor, epochs, batches) == [Stage(epochs, batches)]


@given(counts, factors, st.integers(1, 4), st.integers(1, 500))
def test_each_rung_comes_to_a_factor_times_the_last(
    count: int, factor: int, first: int, batches: int
) -> None:
    """Exactly, where epochs can be divided like that: 1, 3 and 9 of 9."""
    made = stages(count, factor, first * factor ** (count - 1), batches)
    assert all(stage.max_batches == batches for stage in made)
    for rung in range(count):
        assert sum(stage.epochs for stage in made[: rung + 1]) == first * factor**rung


def test_a_rung_can_be_a_part_of_an_epoch() -> None:
    assert stages(3, 3, 1, 90) == [Stage(1, 10), Stage(1, 20), Stage(1, 60)]


@given(counts, factors, st.integers(1, 60), st.integers(1, 500))
def test_all_together_are_the_whole(count: int, factor: int, epochs: int, batches: int) -> None:
    """No less, and at most one step more for each epoch but the first of a rung; where there are
    more rungs than steps, a step for each."""
    made, whole = stages(count, factor, epochs, batches), epochs * batches
    trained = sum(map(steps, made))
    assert trained >= whole
    assert trained <= max(whole, count) + sum(stage.epochs - 1 for stage in made)


@pytest.mark.parametrize(
    ("epochs", "batches", "count"),
    [(10, 38, 1), (10, 74, 1), (10, 75, 2), (1, 750, 2), (10, 224, 2), (10, 225, 3), (90, 900, 3)],
)
def test_the_first_stage_is_long_enough_to_tell_slow_beginners(
    epochs: int, batches: int, count: int
) -> None:
    rungs = in_stages(RungSettings(), TrainingSettings(epochs=epochs), batches)
    assert rungs.count == count
    if count > 1:
        first = stage_of(0, rungs, TrainingSettings(epochs=epochs), batches)
        assert steps(first) >= FEWEST_STEPS


@given(counts, st.integers(1, 60), st.integers(1, 500))
def test_what_the_recipe_says_of_stages_holds(count: int, epochs: int, batches: int) -> None:
    rungs = RungSettings(count=count)
    assert in_stages(rungs, TrainingSettings(epochs=epochs), batches) == rungs


def test_fast_has_two_stages_at_least() -> None:
    rungs = in_stages(RungSettings(fast=True), TrainingSettings(epochs=1), 10)
    assert rungs.count == 2
