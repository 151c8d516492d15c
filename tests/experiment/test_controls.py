"""What a search is compared with: a network made by hand, and random search."""

from __future__ import annotations

from pathlib import Path

import pytest

from snas_cli.api import Task
from snas_cli.experiment.assembly import assemble
from snas_cli.experiment.controls import HandMade, _genome, _width, train_hand_made
from snas_cli.experiment.running import start
from snas_cli.registry import Registry
from snas_cli.search.listener import Listener
from snas_cli.training.cost import Cost, measure_cost
from tests.experiment import tiny

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


@pytest.mark.parametrize(("stage", "epochs"), [("final", 1), ("search", 2)])
def test_it_is_trained_for_as_long_as_the_winner(
    registry: Registry, tmp_path: Path, stage: str, epochs: int
) -> None:
    """For which there may not have been time for all epochs of the finale, of which there are 2."""
    recipe = tiny.recipe(registry, tmp_path)
    winner = {"params": 5000, "epochs": 1, "stage": stage}
    assert train_hand_made(assemble(recipe, registry), winner)["epochs"] == epochs


def test_a_search_with_controls_comes_to_its_end(registry: Registry, tmp_path: Path) -> None:
    """And what it is worth can be read again."""
    recipe = tiny.recipe(registry, tmp_path, finale={"controls": True}, search={"generations": 1})
    folder = start(recipe, registry, Listener()).folder
    worth = folder.metrics()["controls"]
    assert worth.keys() == {"hand_made", "random"}
    assert all(0 < scores["test_acc"] <= 1 for scores in worth.values())
    assert folder.finished() == folder.metrics()
