"""Puts together what a recipe names: data, space, strategy, training."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from snas_cli.api import DataRequest, Genome, SearchSetup, Space, Trial
from snas_cli.data.splits import Rows
from snas_cli.data.task_data import Kept, TaskData, prepare
from snas_cli.execution.guard import Failure, guarded
from snas_cli.recipe.document import read_document
from snas_cli.recipe.loading import check
from snas_cli.recipe.quantities import format_count
from snas_cli.recipe.resolve import setup_of, space_of
from snas_cli.recipe.schema import DataSettings, Recipe
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.training.candidates import Workshop, chosen_device, within


@dataclass(frozen=True)
class Assembly:
    """A recipe with everything that it names."""

    recipe: Recipe
    registry: Registry
    space: Space
    data: TaskData
    workshop: Workshop

    def setup(self) -> SearchSetup:
        return setup_of(self.recipe, self.registry, self.space, self._admits())

    def summary(self) -> list[tuple[str, str]]:
        """What a person wants to see before a search starts: label and value."""
        recipe, data = self.recipe, self.data
        search = recipe.search
        channels, height, width = data.task.input_shape
        colours = "grey" if channels == 1 else "colour"
        pictures = (
            f"{len(data.train):,} to train on, {len(data.val):,} to choose by, "
            f"{len(data.test):,} kept for the end"
        )
        return [
            ("data", f"{recipe.data.path or recipe.data.dataset}: {len(data.classes)} classes, "
                     f"{height}×{width} {colours}"),
            ("pictures", pictures),
            ("families", ", ".join(self.space.families)),
            ("limits", _limits(recipe)),
            ("search", f"{search.strategy}, {search.generations} generations of "
                       f"{search.population_size}, {_levels(recipe)}"
                       f"{recipe.training.epochs} epochs each, seed {recipe.seed}"),
        ]  # fmt: skip

    def _admits(self) -> Callable[[Genome], bool]:
        """Is a genome within the recipe's limits? What cannot be built passes: its trial will
        fail and say why."""
        limits, known = self.recipe.limits, dict[str, bool]()

        def admits(genome: Genome) -> bool:
            if genome.fingerprint not in known:
                cost = guarded(lambda: self.workshop.cost(genome))
                known[genome.fingerprint] = isinstance(cost, Failure) or within(cost, limits)
            return known[genome.fingerprint]

        unlimited = limits.max_params is None and limits.max_flops is None
        return (lambda _genome: True) if unlimited else admits


def assemble(
    recipe: Recipe,
    registry: Registry,
    *,
    splits: Rows | None = None,
    notice: Callable[[str], None] = lambda _what: None,
) -> Assembly:
    """Reads the data, so it may take a while; `splits` are those of a run that goes on. Raises
    DataError, RecipeError, UsageError."""
    device = chosen_device(recipe.training.device)
    space = space_of(recipe.space, registry)
    kept = Kept(cache_dir(recipe.data), splits, notice)
    data = load_data(recipe.data, registry, recipe.seed, kept)
    workshop = Workshop(registry.family, data.to(device), recipe.training, recipe.seed)
    return Assembly(recipe, registry, space, data, workshop)


def load_data(settings: DataSettings, registry: Registry, seed: int, kept: Kept) -> TaskData:
    request = DataRequest(
        path=Path(settings.path) if settings.path else None,
        data_dir=data_dir(settings),
        image_column=settings.image_column,
        label_column=settings.label_column,
        split_column=settings.split_column,
    )
    return prepare(registry.dataset(settings.dataset), request, settings, seed, kept)


def trials_of(folder: RunFolder, registry: Registry) -> list[Trial]:
    """The trials in a run's journal. Raises RecipeError, RunError."""
    recipe = check(read_document(folder.recipe), registry)
    return folder.trials(space_of(recipe.space, registry))


def data_dir(settings: DataSettings) -> Path:
    """Where downloads are kept: the recipe's word, then SNAS_DATA, then the user's cache."""
    chosen = settings.data_dir or os.environ.get("SNAS_DATA")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "snas" / "data"


def _levels(recipe: Recipe) -> str:
    count = len(recipe.space.levels)
    return f"{count} levels, " if recipe.search.progressive and count > 1 else ""


def cache_dir(settings: DataSettings) -> Path:
    """Where decoded pictures are kept: by the recipe, by SNAS_CACHE, or in the user's cache."""
    chosen = settings.cache_dir or os.environ.get("SNAS_CACHE")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "snas" / "decoded"


def _limits(recipe: Recipe) -> str:
    limits = recipe.limits
    parts = []
    if limits.max_params:
        parts.append(f"{format_count(limits.max_params)} parameters")
    if limits.max_flops:
        parts.append(f"{format_count(limits.max_flops)} FLOPs a picture")
    return f"at most {' and '.join(parts)}" if parts else "none"
