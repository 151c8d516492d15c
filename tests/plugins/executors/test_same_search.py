"""The same seed gives the same search, wherever and in however many workers it is."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from snas_cli.experiment.running import start
from snas_cli.registry import Registry
from snas_cli.search.listener import Listener
from tests.experiment.tiny import recipe, results

RAY = pytest.mark.skipif(find_spec("ray") is None, reason="needs snas[ray]")


@pytest.mark.parametrize(
    ("executor", "workers"),
    [("local", 1), ("local", 2), ("local", 4), pytest.param("ray", 2, marks=RAY)],
)
def test_the_same_search(
    registry: Registry, tmp_path: Path, inline: dict[str, object], executor: str, workers: int
) -> None:
    """In lineage, fitness, and every byte of what is kept."""
    crew = {"executor": executor, "workers": workers}
    outcome = start(recipe(registry, tmp_path, execution=crew), registry, Listener())
    assert results(outcome.folder) == inline
