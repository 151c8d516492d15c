"""How long a search will take."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median

import pytest

from snas_cli.experiment import by_training
from snas_cli.experiment.by_training import TrainingJudge, training_judge
from snas_cli.experiment.estimating import _drawn, activations_within, estimate
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


def judge_of(registry: Registry, folder: Path, **limits: str) -> TrainingJudge:
    space = {"families": ["cnn"], "max_layers": 4}
    settings = {"training": {"batch_size": 128}, "search": {"budget": "1h"}}
    return training_judge(
        tiny.recipe(registry, folder, space=space, limits=limits, **settings), registry
    )


def test_what_a_budget_has_no_time_to_train_in_the_end(registry: Registry, tmp_path: Path) -> None:
    """A second goes by for each step of 128 pictures, whatever the network keeps."""
    judge = judge_of(registry, tmp_path)
    drawn = sorted(judge.cost(genome)["activation_bytes"] for genome in _drawn(judge))
    middle = median(drawn)

    def most(budget: float) -> int | None:
        return activations_within(budget, judge, clock(slow=1))

    pictures = len(judge.assembly.data.train) + len(judge.assembly.data.val) / 3
    of_middle = 4 * 2 * pictures / 128  # seconds: a quarter is for two epochs of it
    assert most(of_middle / 10) == round(middle)  # half of them stay, however little time there is
    assert most(1.1 * of_middle) == pytest.approx(1.1 * middle, rel=0.3)
    assert most(10 * of_middle * drawn[-1] / middle) is None


def test_the_recipe_has_the_limit_and_the_user_the_last_word(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_training, "activations_within", lambda _budget, _judge: 12_345)
    said: list[str] = []
    judge = judge_of(registry, tmp_path).timely(said.append)
    assert judge.recipe.limits.max_activation_bytes == 12_345
    assert judge.assembly.recipe == judge.recipe
    assert "more than 12.3kB a picture" in said[-1]
    assert "limits.max_activation_bytes" in said[-1]
    chosen = judge_of(registry, tmp_path, max_activation_bytes="1MB")
    assert chosen.timely(said.append) is chosen
    endless = training_judge(tiny.recipe(registry, tmp_path), registry)
    assert endless.timely(said.append) is endless
