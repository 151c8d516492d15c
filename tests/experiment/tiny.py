"""The smallest real search: perceptrons on digits, trained for an epoch; about a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from snas_cli.experiment.running import Outcome, start
from snas_cli.recipe.document import Document
from snas_cli.recipe.loading import check
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.search.listener import Listener

VALUES: dict[str, dict[str, Any]] = {
    "data": {"dataset": "digits"},
    "space": {"families": ["mlp"], "max_layers": 2},
    "limits": {"max_params": "100k"},
    "search": {"generations": 3, "population_size": 4, "elites": 1},
    "training": {"epochs": 1, "batch_size": 256},
    "finale": {"epochs": 2},
    "execution": {"executor": "inline"},
}


def recipe(registry: Registry, folder: Path, **sections: dict[str, Any]) -> Recipe:
    changed = {name: {**VALUES.get(name, {}), **section} for name, section in sections.items()}
    values = {**VALUES, **changed, "output": {"folder": str(folder), "name": "run"}}
    return check(Document("tiny", values), registry)


def search(registry: Registry, folder: Path, listener: Listener | None = None) -> Outcome:
    return start(recipe(registry, folder), registry, listener or Listener())


def results(folder: RunFolder) -> dict[str, object]:
    """All that must not depend on whether a run was interrupted; times do."""
    trials = {}
    for event in folder.events("trial"):
        del event["seconds"]
        event.pop("elapsed", None)  # a checkpoint has none
        trials[event["number"]] = event
    best = {path.name: path.read_bytes() for path in sorted(folder.best.iterdir())}
    weights = {path.name: path.read_bytes() for path in sorted(folder.weights.iterdir())}
    return {"trials": [trials[n] for n in sorted(trials)], "best": best, "weights": weights}


def curves(folder: RunFolder) -> dict[str, object]:
    """Epochs by what was trained; the same where it had to be trained twice."""
    found: dict[str, object] = {}
    for event in folder.events("curve"):
        epochs = event.pop("epochs")
        assert found.setdefault(str(event), epochs) == epochs
    return found
