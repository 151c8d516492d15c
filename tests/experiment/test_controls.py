"""What a search is compared with: a network made by hand, and random search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from snas_cli.api import Task
from snas_cli.experiment.assembly import assemble
from snas_cli.experiment.controls import (
    LEARNING_RATES,
    Ending,
    HandMade,
    _genome,
    _width,
    random_recipe,
    train_hand_made,
)
from snas_cli.experiment.running import start
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
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


@pytest.mark.parametrize("epochs", [1, 2])
def test_it_is_trained_for_as_long_as_it_is_told(
    registry: Registry, tmp_path: Path, epochs: int
) -> None:
    assembly = assemble(tiny.recipe(registry, tmp_path), registry)
    trained = train_hand_made(assembly, {"params": 5000}, epochs)
    assert trained["epochs"] == epochs
    assert trained["learning_rate"] in LEARNING_RATES


def again(fingerprint: str, epochs: int, reason: str | None = None) -> dict[str, Any]:
    """What the journal says of a training in the finale."""
    event = {"fingerprint": fingerprint, "reason": reason}
    return event if reason else {**event, "metrics": {"epochs": epochs}}


@pytest.mark.parametrize(
    ("best", "finalists", "ending"),
    [
        ({"stage": "final", "epochs": 30}, [again("a", 30), again("b", 40)], Ending(2, 30)),
        ({"stage": "final", "epochs": 30}, [again("a", 30), again("a", 28)], Ending(1, 30)),
        ({"stage": "search", "epochs": 8}, [again("a", 30), again("b", 40)], Ending(2, 40)),
        ({"stage": "search", "epochs": 3.3}, [again("a", 0, "diverged")], Ending(1, 4)),
        ({"stage": "search", "epochs": 3.3}, [], Ending(1, 4)),
    ],
)
def test_the_controls_have_the_end_that_the_search_had(
    best: dict[str, Any], finalists: list[dict[str, Any]], ending: Ending
) -> None:
    """There may have been no time for all that the recipe says, or for any of it."""
    assert Ending.of(best, finalists) == ending


def test_random_search_has_the_same_end(registry: Registry, tmp_path: Path) -> None:
    recipe = tiny.recipe(registry, tmp_path, search={"budget": 60})
    other = random_recipe(recipe, RunFolder(tmp_path), 12.5, Ending(2, 17))
    assert (other.search.max_epochs, other.search.budget) == (12.5, None)
    assert (other.finale.top, other.finale.epochs) == (2, 17)


def test_a_search_with_controls_comes_to_its_end(registry: Registry, tmp_path: Path) -> None:
    """And what it is worth can be read again."""
    recipe = tiny.recipe(registry, tmp_path, finale={"controls": True}, search={"generations": 1})
    folder = start(recipe, registry, Listener()).folder
    worth = folder.metrics()["controls"]
    assert worth.keys() == {"hand_made", "random"}
    assert all(0 < scores["test_acc"] <= 1 for scores in worth.values())
    assert folder.finished() == folder.metrics()
