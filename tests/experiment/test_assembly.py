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
