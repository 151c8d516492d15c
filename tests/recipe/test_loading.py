"""Recipes: every fault at once, each with its place and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from snas_cli.errors import RecipeError, UsageError
from snas_cli.recipe.document import parse_document, read_document
from snas_cli.recipe.loading import absolute_path, check, dump, override
from snas_cli.recipe.quantities import format_count, parse_count
from snas_cli.recipe.resolve import operators_of, space_of
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from tests.conftest import ROOT

RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))


def faults(text: str, registry: Registry) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        check(parse_document(text, "r.yaml"), registry)
    return list(caught.value.faults)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_our_recipes_are_sound_and_say_what_to_expect(path: Path, registry: Registry) -> None:
    check(read_document(path), registry)
    assert "expect" in path.read_text().lower()


def test_all_faults_at_once_with_their_lines(registry: Registry) -> None:
    text = """\
sede: 1
data:
  dataset: digitz
space:
  families: [cnn, resnett]
search:
  strategy: evolutoin
  generations: 0
  elites: two
  operators: {nudgee: 1}
training:
  monitor: val_accuracy
limits:
  max_params: lots
"""
    found = sorted(faults(text, registry), key=lambda fault: int(fault.split(":")[1]))
    expected = [
        ("r.yaml:1: sede: ", "did you mean 'seed'?"),
        ("r.yaml:3: data.dataset: ", "did you mean 'digits'?"),
        ("r.yaml:5: space.families.1: ", "did you mean 'resnet'?"),
        ("r.yaml:7: search.strategy: ", "did you mean 'evolution'?"),
        ("r.yaml:8: search.generations: ", "greater than or equal to 1, not 0"),
        ("r.yaml:9: search.elites: ", "valid integer, not 'two'"),
        ("r.yaml:10: search.operators.nudgee: ", "did you mean 'nudge'?"),
        ("r.yaml:12: training.monitor: ", "'val_balanced_acc', not 'val_accuracy'"),
        ("r.yaml:14: limits.max_params: ", "such as 250000, 250k or 1.5M, not 'lots'"),
    ]
    assert len(found) == len(expected)
    for fault, (place, advice) in zip(found, expected, strict=True):
        assert fault.startswith(place)
        assert advice in fault


def every_key() -> list[tuple[str, ...]]:
    """Of the whole schema: the sections and the keys in them."""
    keys: list[tuple[str, ...]] = []
    for name, field in Recipe.model_fields.items():
        keys.append((name,))
        keys += [(name, key) for key in getattr(field.annotation, "model_fields", {})]
    return keys


@pytest.mark.parametrize("key", every_key(), ids=".".join)
def test_a_typo_in_any_key_is_named_with_its_line(key: tuple[str, ...], registry: Registry) -> None:
    *sections, last = key
    typo = f"{last[0]}x{last[1:]}"
    document: Any = {typo: 1}
    for section in reversed(sections):
        document = {section: document}
    (fault, *_) = faults("# a comment\n" + yaml.safe_dump(document), registry)
    line = 2 + len(sections)
    assert fault.startswith(f"r.yaml:{line}: {'.'.join([*sections, typo])}: there is no such key")
    assert f"did you mean {last!r}?" in fault


@pytest.mark.parametrize("key", every_key(), ids=".".join)
def test_a_value_of_the_wrong_kind_is_named_with_its_line(
    key: tuple[str, ...], registry: Registry
) -> None:
    if key == ("search", "options"):
        return  # a strategy's own affair
    document: Any = [["wrong"]]
    for section in reversed(key):
        document = {section: document}
    found = faults(yaml.safe_dump(document), registry)
    assert any(f": {'.'.join(key)}" in fault for fault in found)
    assert not any("Traceback" in fault for fault in found)


def test_faults_between_keys(registry: Registry) -> None:
    (fault,) = faults("data: {dataset: digits}\nsearch: {population_size: 4, elites: 4}", registry)
    assert fault == (
        "r.yaml:2: search: elites must be fewer than population_size, or nothing new is tried"
    )
    (fault,) = faults("data: {dataset: folder}", registry)
    assert fault.startswith("r.yaml:1: data.path: the data set 'folder' needs the path")


def test_a_run_name_cannot_leave_its_folder(registry: Registry) -> None:
    for name in ("../up", "a/b", "..", ".", ""):
        document = parse_document("data: {dataset: digits}", "r.yaml")
        document.set("output.name", name, "--name")
        with pytest.raises(RecipeError, match=r"--name: output\.name"):
            check(document, registry)


def test_overrides_are_yaml_and_name_themselves(registry: Registry) -> None:
    document = parse_document("data: {dataset: digits}\n", "r.yaml")
    override(document, ["search.generations=2", "space.families=[mlp]", "limits.max_params=20k"])
    recipe = check(document, registry)
    assert recipe.search.generations == 2
    assert recipe.space.families == ["mlp"]
    assert recipe.limits.max_params == 20_000
    override(document, ["search.generations=many"])
    with pytest.raises(RecipeError, match=r"^--set search\.generations=many: search\.generations"):
        check(document, registry)


@pytest.mark.parametrize("setting", ["search.generations", "=3", "search..x=1", "a=[1"])
def test_overrides_of_the_wrong_form(setting: str) -> None:
    with pytest.raises(UsageError, match="--set"):
        override(parse_document("", "r.yaml"), [setting])


def test_a_dumped_recipe_is_the_same_recipe(registry: Registry) -> None:
    recipe = check(read_document(ROOT / "recipes" / "digits.yaml"), registry)
    assert check(parse_document(dump(recipe), "dumped"), registry) == recipe


def test_paths_are_relative_to_the_recipe() -> None:
    document = parse_document("data: {path: photos}", "r.yaml")
    absolute_path(document, Path("/somewhere"))
    assert document.values["data"]["path"] == "/somewhere/photos"


def test_every_key_is_documented() -> None:
    schema = Recipe.model_json_schema()
    sections = [schema, *schema["$defs"].values()]
    missing = [
        key
        for section in sections
        for key, field in section.get("properties", {}).items()
        if not {"description", "$ref"} & field.keys()  # a section's is its own
    ]
    assert not missing


def test_max_layers_narrows_the_space(registry: Registry) -> None:
    recipe = check(parse_document("data: {dataset: digits}\nspace: {max_layers: 3}", "r"), registry)
    space = space_of(recipe.space, registry)
    assert "2 to 3 layers" in space.genes("cnn")["layers"].allowed
    with pytest.raises(RecipeError, match="cnn has at least 2"):
        space_of(recipe.space.model_copy(update={"max_layers": 1}), registry)


def test_operators_can_be_weighted_and_switched_off(registry: Registry) -> None:
    document = parse_document("data: {dataset: digits}", "r")
    document.set("search.operators", {"point": 0, "nudge": 3, "mixing": 0}, "here")
    weights = {op.name: weight for op, weight in operators_of(check(document, registry), registry)}
    assert weights == {"attention": 1.0, "depth": 1.0, "nudge": 3.0, "scale": 1.0}
    document.set("search.operators", dict.fromkeys(registry.names("operator"), 0), "here")
    with pytest.raises(RecipeError, match="every weight is 0"):
        operators_of(check(document, registry), registry)


@pytest.mark.parametrize(
    ("text", "count"), [("300k", 300_000), ("1.5M", 1_500_000), (" 2 g ", 2 * 10**9), ("7", 7)]
)
def test_counts_as_people_write_them(text: str, count: int) -> None:
    assert parse_count(text) == count


def test_counts_as_people_read_them() -> None:
    assert [format_count(n) for n in (7, 1500, 299_842, 2_340_000, 6e9)] == [
        "7", "1.5k", "300k", "2.34M", "6G",
    ]  # fmt: skip


def test_a_recipe_of_a_newer_format_says_so_and_nothing_else(registry: Registry) -> None:
    text = "data: {dataset: digits}\nfuture: {key: 1}\nversion: 2\n"
    assert faults(text, registry) == [
        "r.yaml:3: version: it is of format 2, and this snas reads 1; it needs a newer snas"
    ]
