"""The fields of the form, and the recipe that they make; what is wrong, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel

from snas_cli.errors import RecipeError, RunError
from snas_cli.recipe.document import Document, parse_document
from snas_cli.recipe.loading import absolute_path, check
from snas_cli.recipe.schema import OBJECTIVES, Recipe
from snas_cli.registry import Registry
from snas_cli.ui.places import Places

FORM = "form"  # the source of what was filled in: the start of each fault, cut off again
TABLES = {".csv", ".tsv"}
NAME = re.compile(r"\w[\w.-]*", re.ASCII)

Kind = Literal["text", "whole", "number", "switch", "one", "several", "numbers"]


@dataclass(frozen=True)
class Field:
    """Something to fill in: a key of the recipe."""

    key: str
    label: str
    kind: Kind = "text"
    choices: str = ""  # a kind of component, or the key itself where the schema has them
    example: str = ""


SECTIONS: Mapping[str, tuple[Field, ...]] = {
    "Networks": (
        Field("space.families", "Families", "several", "family"),
        Field("space.min_layers", "Layers, at least", "whole"),
        Field("space.max_layers", "Layers, at most", "whole"),
        Field("limits.max_params", "Parameters, at most", example="300k"),
        Field("limits.max_size_bytes", "Weights, at most", example="1MB"),
        Field("limits.max_flops", "FLOPs a picture, at most", example="20M"),
        Field("limits.max_latency_ms", "Latency, at most", example="5ms"),
    ),
    "Search": (
        Field("search.strategy", "Strategy", "one", "strategy"),
        Field("search.objectives", "Objectives", "several", "objective"),
        Field("search.budget", "Budget of time", example="45m"),
        Field("search.generations", "Generations", "whole"),
        Field("search.population_size", "Candidates in a generation", "whole"),
        Field("search.max_trials", "Candidates in all, at most", "whole"),
        Field("search.rungs.count", "Stages of training", "whole"),
        Field("search.rungs.fast", "Fast: early generations stop at the first stage", "switch"),
        Field("search.progressive", "Progressive: simple networks first", "switch"),
        Field("sharing.enabled", "Start candidates from the weights of their like", "switch"),
        Field("finale.controls", "Controls: what was the search worth?", "switch"),
        Field("seed", "Seed", "whole"),
    ),
    "Training": (
        Field("training.epochs", "Epochs of each candidate", "whole"),
        Field("finale.epochs", "Epochs of the last training", "whole"),
        Field("training.batch_size", "Pictures in a step", "whole"),
        Field("data.image_size", "Side of a picture, in pixels", "whole"),
        Field("training.monitor", "What early stopping watches", "one", "training.monitor"),
        Field("training.patience", "Patience, in epochs", "whole"),
        Field("training.balance", "For classes of unequal size", "one", "training.balance"),
        Field("training.time_limit", "Seconds for a candidate, at most", "number"),
    ),
    "This computer": (
        Field("training.device", "Device", "one", "training.device"),
        Field("execution.workers", "Processes at the same time", "whole"),
        Field("execution.gpu_ids", "GPUs", "numbers", example="0,1"),
        Field("execution.workers_per_gpu", "Processes that share a GPU", "whole"),
        Field("output.checkpoint_every", "Generations between two checkpoints", "whole"),
        Field("output.keep_checkpoints", "Checkpoints that are kept", "whole"),
    ),
}
TABLE_COLUMNS = (
    Field("data.image_column", "Column of paths"),
    Field("data.label_column", "Column of classes"),
    Field("data.split_column", "Column of train, val and test", example="split"),
)
FIELDS = tuple(field for fields in SECTIONS.values() for field in fields)

Faults = Mapping[str, list[str]]  # by the key of a field; "" for what belongs to none


# --- what a field is ------------------------------------------------------------------------------


def default_of(key: str) -> Any:
    model: Any = Recipe(version=1)
    for name in key.split("."):
        model = getattr(model, name)
    return model


def help_of(key: str) -> str:
    """The schema's own description."""
    *sections, last = key.split(".")
    model: type[BaseModel] = Recipe
    for name in sections:
        model = type(getattr(Recipe(version=1), name)) if model is Recipe else _section(model, name)
    return model.model_fields[last].description or ""


def _section(model: type[BaseModel], name: str) -> type[BaseModel]:
    annotation = model.model_fields[name].annotation
    assert isinstance(annotation, type)  # only sections hold keys,
    assert issubclass(annotation, BaseModel)  # and each is a model
    return annotation


def choices_of(field: Field, registry: Registry) -> list[str]:
    """What can be chosen, where that is known."""
    if field.choices == "objective":
        return list(OBJECTIVES)
    if "." not in field.choices:
        return registry.names(field.choices)
    schema: Any = Recipe.model_json_schema()
    section, key = field.choices.split(".")
    section_schema = schema["$defs"][schema["properties"][section]["$ref"].rpartition("/")[2]]
    return list(section_schema["properties"][key]["enum"])


# --- from values to a recipe ----------------------------------------------------------------------


def document_of(values: Mapping[str, Any]) -> Document:
    """What was filled in and is not the default anyway. Numbers and texts with units are left to
    the recipe's own check."""
    document = Document(FORM)
    for key, value in values.items():
        given = _numbers(value) if key == "execution.gpu_ids" else value
        if given in (None, "", []) or given == default_of(key):
            continue
        document.set(key, given, FORM)
    return document


def _numbers(text: str | None) -> list[int | str]:
    """Of a list with commas; what is no number is left for the recipe's check to refuse."""
    parts = [part.strip() for part in (text or "").split(",") if part.strip()]
    return [int(part) if part.isdecimal() else part for part in parts]


def data_at(path: Path) -> dict[str, str]:
    """The keys of a recipe that stand for pictures on this computer."""
    kind = "csv" if path.suffix.lower() in TABLES else "folder"
    return {"data.dataset": kind, "data.path": str(path)}


def recipe_text(document: Document) -> str:
    if not document.values:
        return ""
    return yaml.safe_dump(document.values, sort_keys=False, allow_unicode=True)


def read_recipe(text: str, folder: Path) -> Document:
    """A recipe as it was edited; paths in it are relative to `folder`. Raises RecipeError."""
    document = parse_document(text, "recipe")
    absolute_path(document, folder)
    return document


# --- what is wrong --------------------------------------------------------------------------------


def faults_of(document: Document, registry: Registry) -> Faults:
    """Every fault, by the field that it belongs to. Also what only the disk knows: pictures that
    are not there."""
    try:
        recipe = check(document, registry)
    except RecipeError as error:
        return _by_field(error.faults, document.source)
    path = recipe.data.path
    if path is not None and not Path(path).exists():
        return {"data.path": [f"there is no {path} on this computer"]}
    return {}


def _by_field(faults: Iterable[str], source: str) -> Faults:
    keys = {field.key for field in (*FIELDS, *TABLE_COLUMNS)} | {"data.path", "data.dataset"}
    sorted_out: dict[str, list[str]] = {}
    for fault in faults:
        if source != FORM:
            sorted_out.setdefault("", []).append(fault)
            continue
        key, _, message = fault.removeprefix(f"{FORM}: ").partition(": ")
        owner = _owner(key, message, keys)
        sorted_out.setdefault(owner, []).append(message if owner else f"{key}: {message}")
    return sorted_out


def _owner(key: str, message: str, keys: Iterable[str]) -> str:
    """The field of a key; of a whole section, the first field that the message speaks of."""
    own = [each for each in keys if f"{key}.".startswith(f"{each}.")]
    spoken_of = [each for each in keys if each.rpartition(".")[0] == key
                 and each.rpartition(".")[2] in message]  # fmt: skip
    return [*own, *sorted(spoken_of), ""][0]


def name_fault(name: str, places: Places) -> str | None:
    """Why a run cannot be called so."""
    if not NAME.fullmatch(name):
        return "should be of letters, digits, dots and dashes, and begin with a letter or digit"
    try:
        taken = places.taken(name)
    except RunError:
        return f"{name!r} is the folder of uploads; choose another"
    return f"there is a run {name!r} already; choose another name" if taken else None


def stem_of(document: Document) -> str:
    """What a run on these data is called, but for its number."""
    data = document.values.get("data")
    data = data if isinstance(data, dict) else {}
    path = data.get("path")
    stem = Path(path).stem if isinstance(path, str) else str(data.get("dataset", "run"))
    return re.sub(r"[^\w.-]+", "-", stem).strip("-._") or "run"
