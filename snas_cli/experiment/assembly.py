"""Puts together what a recipe names: data, space, strategy, training."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from snas_cli.api import DataRequest, Genome, Space, Trial
from snas_cli.data.splits import Rows
from snas_cli.data.task_data import Kept, TaskData, prepare
from snas_cli.errors import DataError, UsageError
from snas_cli.recipe.document import read_document
from snas_cli.recipe.loading import check
from snas_cli.recipe.resolve import space_of
from snas_cli.recipe.schema import DataSettings, Recipe
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.training.batches import batches_per_epoch
from snas_cli.training.candidates import Workshop, chosen_device
from snas_cli.training.proxies import ProxyBench
from snas_cli.training.stages import in_stages


@dataclass(frozen=True)
class Assembly:
    """A recipe with everything that it names, and what it leaves to the data."""

    recipe: Recipe
    registry: Registry
    space: Space
    data: TaskData
    workshop: Workshop

    def proxies(self, genome: Genome, names: Collection[str]) -> dict[str, float]:
        """Zero-cost scores of a genome, without those that it has none of."""
        return self._bench(genome, names)

    @cached_property
    def _bench(self) -> ProxyBench:
        proxies = [self.registry.proxy(name) for name in self.recipe.search.proxies]
        return ProxyBench(self.workshop, proxies)

    def describe(self) -> list[tuple[str, str]]:
        """What a person wants to know of the data: label and value."""
        recipe, data = self.recipe, self.data
        channels, height, width = data.task.input_shape
        colours = "grey" if channels == 1 else "colour"
        pictures = (
            f"{len(data.train):,} to train on, {len(data.val):,} to choose by, "
            f"{len(data.test):,} kept for the end{data.source.left_out()}"
        )
        return [
            ("data", f"{recipe.data.path or recipe.data.dataset}: {len(data.classes)} classes, "
                     f"{height}×{width} {colours}"),
            ("pictures", pictures),
        ]  # fmt: skip


def assemble(
    recipe: Recipe,
    registry: Registry,
    *,
    splits: Rows | None = None,
    notice: Callable[[str], None] = lambda _what: None,
) -> Assembly:
    """Reads the data, so it may take a while; `splits` are those of a run that goes on. Raises
    DataError, RecipeError, UsageError."""
    device = chosen_device(recipe.training.device)  # before the data, which takes longer
    if recipe.execution.gpu_ids and device.type == "cpu":
        raise UsageError("execution.gpu_ids: there is no CUDA GPU here, or training.device is cpu; "
                         "leave gpu_ids out to train on the CPU")  # fmt: skip
    space_of(recipe.space, registry)
    kept = Kept(cache_dir(recipe.data), splits, notice)
    data = load_data(recipe.data, registry, recipe.seed, kept)
    return fitted_out(recipe, registry, data)


def fitted_out(recipe: Recipe, registry: Registry, data: TaskData) -> Assembly:
    """With data that is there already. Raises RecipeError, UsageError."""
    device, space = chosen_device(recipe.training.device), space_of(recipe.space, registry)
    try:
        there = data.to(device)
    except torch.OutOfMemoryError:
        size = sum(map(len, data.splits.values())) * data.train.store.form.nbytes
        raise DataError(
            f"the pictures, {size / 1e6:,.0f} MB when decoded, do not fit into the GPU's memory; "
            "read them anew in each epoch (a smaller data.max_cache_bytes), or let fewer processes "
            "share the GPU"
        ) from None
    workshop = Workshop(registry.family, there, recipe.training, recipe.seed)
    return Assembly(_staged(recipe, data), registry, space, data, workshop)


def _staged(recipe: Recipe, data: TaskData) -> Recipe:
    """With the stages of training that the recipe leaves to the data."""
    rungs = in_stages(
        recipe.search.rungs, recipe.training, batches_per_epoch(data, recipe.training)
    )
    return recipe.model_copy(update={"search": recipe.search.model_copy(update={"rungs": rungs})})


def load_data(settings: DataSettings, registry: Registry, seed: int, kept: Kept) -> TaskData:
    dataset = registry.dataset(settings.dataset)
    return prepare(dataset, request_of(settings), settings, seed, kept)


def request_of(settings: DataSettings) -> DataRequest:
    return DataRequest(
        path=Path(settings.path) if settings.path else None,
        data_dir=data_dir(settings),
        image_column=settings.image_column,
        label_column=settings.label_column,
        split_column=settings.split_column,
        group_column=settings.group_column,
        skip_bad=settings.on_bad_image == "skip",
    )


def trials_of(folder: RunFolder, registry: Registry) -> list[Trial]:
    """The trials in a run's journal. Raises RecipeError, RunError."""
    recipe = check(read_document(folder.recipe), registry)
    return folder.trials(space_of(recipe.space, registry))


def data_dir(settings: DataSettings) -> Path:
    """Where downloads are kept: the recipe's word, then SNAS_DATA, then the user's cache."""
    chosen = settings.data_dir or os.environ.get("SNAS_DATA")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "snas" / "data"


def cache_dir(settings: DataSettings) -> Path:
    """Where decoded pictures are kept: by the recipe, by SNAS_CACHE, or in the user's cache."""
    chosen = settings.cache_dir or os.environ.get("SNAS_CACHE")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "snas" / "decoded"
