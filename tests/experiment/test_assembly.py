"""What a recipe names is put together."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from snas_cli.data.task_data import TaskData
from snas_cli.errors import DataError
from snas_cli.experiment.assembly import assemble
from snas_cli.registry import Registry
from tests.experiment import tiny


def test_pictures_that_do_not_fit_on_the_gpu(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(TaskData, "to", full)
    with pytest.raises(DataError, match=r"do not fit into the GPU's memory; .*max_cache_bytes"):
        assemble(tiny.recipe(registry, tmp_path), registry)


def test_the_data_say_how_many_stages_there_are(registry: Registry, tmp_path: Path) -> None:
    """1,078 digits in batches of 4 are 270 steps an epoch; in batches of 256 they are 5."""
    for batch_size, count in ((4, 2), (256, 1)):
        training = {"batch_size": batch_size, "epochs": 3}
        recipe = tiny.recipe(registry, tmp_path, training=training)
        assert recipe.search.rungs.count is None
        assert assemble(recipe, registry).recipe.search.rungs.count == count


def test_a_run_says_how_many_stages_it_has(registry: Registry, tmp_path: Path) -> None:
    assert "count: 1" in tiny.search(registry, tmp_path).folder.recipe.read_text(encoding="utf-8")
