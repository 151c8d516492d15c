"""From a YAML document to a checked recipe: every fault at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from snas_cli.errors import PluginError, RecipeError, UsageError, near_match
from snas_cli.recipe.customising import space_faults
from snas_cli.recipe.document import Document, Key
from snas_cli.recipe.schema import OBJECTIVES, TRAINING, VERSION, Recipe
from snas_cli.registry import Registry


def override(document: Document, settings: Iterable[str]) -> None:
    """Applies `section.key=value` settings as given on the command line; values are YAML.

    Raises UsageError for what is not of that form."""
    for setting in settings:
        dotted, equals, text = setting.partition("=")
        if not equals or not all(dotted.split(".")):
            raise UsageError(f"--set {setting}: should be section.key=value")
        try:
            value = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise UsageError(f"--set {setting}: {text!r} is not a YAML value") from None
        document.set(dotted, value, f"--set {setting}")


def check(document: Document, registry: Registry) -> Recipe:
    """The recipe that `document` describes. Raises RecipeError with every fault in it."""
    _check_version(document)
    faults = list(_unknown_names(document, registry))
    try:
        recipe = Recipe.model_validate(document.values)
    except ValidationError as error:
        faults = [*_schema_faults(error, document), *faults]
    else:
        faults += _missing_path(recipe, document, registry)
        faults += _objective_faults(recipe, document)
        faults += _contested(recipe, registry)
        faults += _space_faults(recipe, document, registry) if not faults else []
    if faults:
        raise RecipeError(faults)
    return recipe


def _check_version(document: Document) -> None:
    """Raises RecipeError, alone: of another format, nothing else that is said would be right."""
    version = document.values.get("version", VERSION)
    if isinstance(version, int) and version > VERSION:
        where = document.place(("version",))
        raise RecipeError([f"{where}: version: it is of format {version}, and this snas reads "
                           f"{VERSION}; it needs a newer snas"])  # fmt: skip


def dump(recipe: Recipe) -> str:
    """The recipe as YAML with every key, enough to repeat the run."""
    return yaml.safe_dump(recipe.model_dump(), sort_keys=False, allow_unicode=True)


def _schema_faults(error: ValidationError, document: Document) -> Iterator[str]:
    for fault in error.errors():
        key: Key = fault["loc"]
        yield f"{document.place(key)}: {_dotted(key)}: {_what_is_wrong(fault, key)}"


def _what_is_wrong(fault: Any, key: Key) -> str:
    if fault["type"] == "extra_forbidden":
        return f"there is no such key; {near_match(str(key[-1]), _keys_beside(key))}"
    message = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if fault["type"] == "model_type":
        return f"is a section: it should hold keys and values, not {fault['input']!r}"
    shown = "" if isinstance(fault["input"], dict) else f", not {fault['input']!r}"
    return f"{message}{shown}"


def _keys_beside(key: Key) -> list[str]:
    model: type[BaseModel] = Recipe
    for part in key[:-1]:
        if isinstance(part, int):  # of a list, whose sections are all of one kind
            continue
        annotation = model.model_fields[part].annotation
        (section,) = get_args(annotation) or (annotation,)
        assert isinstance(section, type)  # only sections have keys,
        assert issubclass(section, BaseModel)  # and each is a model
        model = section
    return list(model.model_fields)


def _unknown_names(document: Document, registry: Registry) -> Iterator[str]:
    for kind, key, name in _names(document.values):
        try:
            registry.find(kind, name)
        except PluginError as error:
            yield f"{document.place(key)}: {_dotted(key)}: {error}"


def _names(values: dict[str, Any]) -> Iterator[tuple[str, Key, str]]:
    """Every name of a component in a recipe that may be faulty elsewhere: kind, key, name."""
    data, space, search, evaluator = (
        section if isinstance(section := values.get(name), dict) else {}
        for name in ("data", "space", "search", "evaluator")
    )
    if isinstance(data.get("dataset"), str):
        yield "dataset", ("data", "dataset"), data["dataset"]
    if isinstance(search.get("strategy"), str):
        yield "strategy", ("search", "strategy"), search["strategy"]
    for i, name in enumerate(search["proxies"] if isinstance(search.get("proxies"), list) else []):
        if isinstance(name, str):
            yield "proxy", ("search", "proxies", i), name
    if isinstance(evaluator.get("name"), str) and evaluator["name"] != TRAINING:
        yield "evaluator", ("evaluator", "name"), evaluator["name"]
    if isinstance(observers := values.get("observers"), dict):
        yield from (("observer", ("observers", name), name) for name in observers)
    yield from _family_names(space, ("space",))
    for i, level in enumerate(levels if isinstance(levels := space.get("levels"), list) else []):
        yield from _family_names(level, ("space", "levels", i))
    if isinstance(search.get("operators"), dict):
        for name in search["operators"]:
            yield "operator", ("search", "operators", name), name


def _family_names(section: Any, key: Key) -> Iterator[tuple[str, Key, str]]:
    families = section.get("families") if isinstance(section, dict) else None
    for i, name in enumerate(families if isinstance(families, list) else []):
        if isinstance(name, str):
            yield "family", (*key, "families", i), name


def _missing_path(recipe: Recipe, document: Document, registry: Registry) -> list[str]:
    data = recipe.data
    if recipe.evaluator.name != TRAINING or data.dataset not in registry.names("dataset"):
        return []
    if registry.dataset(data.dataset).needs_path and data.path is None:
        place = document.place(("data", "dataset"))
        return [
            f"{place}: data.path: the data set {data.dataset!r} needs the path to your pictures"
        ]
    return []


def _objective_faults(recipe: Recipe, document: Document) -> Iterator[str]:
    """What a plugin's evaluator measures is known when it does."""
    seen: set[str] = set()
    for i, name in enumerate(recipe.search.objectives):
        key: Key = ("search", "objectives", i)
        if name in seen:
            yield f"{document.place(key)}: {_dotted(key)}: {name!r} is named twice"
        elif recipe.evaluator.name == TRAINING and name not in OBJECTIVES:
            hint = near_match(name, OBJECTIVES)
            yield f"{document.place(key)}: {_dotted(key)}: there is no objective {name!r}; {hint}"
        seen.add(name)


def _contested(recipe: Recipe, registry: Registry) -> list[str]:
    """Of what a search has all there are, none may be missing because two plugins claim it."""
    all_families = recipe.space.families is None
    return registry.clashes("operator", *(["family"] if all_families else []))


def _space_faults(recipe: Recipe, document: Document, registry: Registry) -> list[str]:
    return [
        f"{document.place(key)}: {_dotted(key)}: {fault}"
        for key, fault in space_faults(recipe.space, registry)
    ]


def _dotted(key: Key) -> str:
    return ".".join(map(str, key))


def absolute_path(document: Document, folder: Path) -> None:
    """Makes data.path, which is relative to the recipe's folder, absolute."""
    data = document.values.get("data")
    if isinstance(data, dict) and isinstance(data.get("path"), str):
        data["path"] = str((folder / Path(data["path"]).expanduser()).resolve())
