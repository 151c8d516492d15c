"""The network made by hand that a search is compared with."""

from __future__ import annotations

import pytest

from snas_cli.api import Task
from snas_cli.experiment.controls import HandMade, _genome, _width
from snas_cli.training.cost import Cost, measure_cost

PHOTOS = Task((3, 32, 32), classes=15)


def cost(width: int) -> Cost:
    return measure_cost(HandMade(), _genome(HandMade(), width, 0.001).genes, PHOTOS)


@pytest.mark.parametrize("limits", [{"params": 70_000}, {"params": 4_000_000, "flops": 20e6}])
def test_it_is_as_large_as_the_winner_and_the_limits_allow(limits: dict[str, float]) -> None:
    width = _width(HandMade(), PHOTOS, limits)
    within = [cost(width), cost(width + 1)]
    fits = [all(getattr(one, name) <= most for name, most in limits.items()) for one in within]
    assert fits == [True, False]


def test_it_is_there_where_nothing_fits() -> None:
    assert _width(HandMade(), PHOTOS, {"params": 1}) == 1
