"""The options of a search by their short names, and the recipe key that each one stands for.

The command line has them as flags, `snas_cli.search` as keyword arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snas_cli.errors import UsageError, near_match
from snas_cli.scripting.targets import dataset_at

if TYPE_CHECKING:
    from snas_cli.recipe.document import Document

OPTIONS: Mapping[str, str] = {
    "name": "output.name",
    "seed": "seed",
    "dataset": "data.dataset",
    "path": "data.path",
    "image_column": "data.image_column",
    "label_column": "data.label_column",
    "split_column": "data.split_column",
    "group_column": "data.group_column",
    "data_dir": "data.data_dir",
    "image_size": "data.image_size",
    "families": "space.families",
    "min_layers": "space.min_layers",
    "max_layers": "space.max_layers",
    "max_params": "limits.max_params",
    "max_flops": "limits.max_flops",
    "max_size": "limits.max_size_bytes",
    "max_latency": "limits.max_latency_ms",
    "max_activation": "limits.max_activation_bytes",
    "objective": "search.objectives",
    "strategy": "search.strategy",
    "progressive": "search.progressive",
    "generations": "search.generations",
    "population_size": "search.population_size",
    "budget": "search.budget",
    "max_trials": "search.max_trials",
    "rungs": "search.rungs.count",
    "fast": "search.rungs.fast",
    "controls": "finale.controls",
    "epochs": "training.epochs",
    "batch_size": "training.batch_size",
    "patience": "training.patience",
    "min_delta": "training.min_delta",
    "monitor": "training.monitor",
    "device": "training.device",
    "workers": "execution.workers",
    "gpu_ids": "execution.gpu_ids",
    "weight_sharing": "sharing.enabled",
    "weight_sharing_max_models": "sharing.max_models",
    "observer": "observers",
    "output_dir": "output.folder",
    "checkpoint_every": "output.checkpoint_every",
}
LISTS = {"families", "gpu_ids", "objective", "observer"}


def flag(name: str) -> str:
    """On the command line."""
    return f"--{name.replace('_', '-')}"


def apply_options(
    document: Document, given: Mapping[str, Any], called: Callable[[str], str] = str
) -> None:
    """Sets in the document whatever is given and not None; `called` says how whoever gave an option
    knows it. Raises UsageError for what is no option."""
    for name in given:
        if name not in OPTIONS:
            raise UsageError(f"there is no option {name!r}; {near_match(name, OPTIONS)}")
    values = {name: _read(name, value) for name, value in given.items() if value is not None}
    observers = values.pop("observer", [])
    if "path" in values:
        values.setdefault("dataset", dataset_at(Path(values["path"])))
    if values.get("fast") and "rungs" not in values and _in_full(document):
        values["rungs"] = 2  # there is no first stage without a second
    for name, value in values.items():
        document.set(OPTIONS[name], value, called(name))
    _observe(document, observers, called("observer"))


def _read(name: str, value: Any) -> Any:
    if name == "path":
        return str(Path(value).expanduser().resolve())
    if isinstance(value, Path):
        return str(value)
    if name not in LISTS:
        return value
    parts = value.split(",") if isinstance(value, str) else list(value)
    words = [part.strip() if isinstance(part, str) else part for part in parts]
    return [_number(word) for word in words] if name == "gpu_ids" else words


def _number(word: Any) -> Any:
    """What is no number is left for the recipe's check to refuse."""
    return int(word) if isinstance(word, str) and word.isdecimal() else word


def _in_full(document: Document) -> bool:
    """Does the recipe itself say that there are no stages?"""
    search = document.values.get("search")
    rungs = search.get("rungs") if isinstance(search, dict) else None
    return isinstance(rungs, dict) and rungs.get("count") == 1


def _observe(document: Document, names: list[str], place: str) -> None:
    """Options that a recipe has for an observer stay."""
    for name in names:
        known = document.values.get("observers")
        if not (isinstance(known, dict) and name in known):
            document.set(f"observers.{name}", {}, place)
