"""The form: a recipe from what was filled in, and faults next to their fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from snas_cli.errors import RunError
from snas_cli.registry import Registry
from snas_cli.ui.form import (
    FIELDS,
    choices_of,
    default_of,
    document_of,
    faults_of,
    help_of,
    name_fault,
    read_recipe,
    recipe_text,
)
from snas_cli.ui.places import Places


def test_every_field_is_a_key_of_the_recipe(registry: Registry) -> None:
    for field in FIELDS:
        default = default_of(field.key)  # raises for a key that there is not
        assert help_of(field.key), field.key
        if field.kind in ("one", "several"):
            assert choices_of(field, registry), field.key
        if field.kind == "one":
            assert default in choices_of(field, registry), field.key


def test_only_what_was_changed_is_in_the_recipe(registry: Registry) -> None:
    values = {field.key: default_of(field.key) for field in FIELDS if field.kind != "numbers"}
    assert recipe_text(document_of(values)) == ""
    values |= {"data.dataset": "digits", "limits.max_params": "30k", "execution.gpu_ids": "0, 1"}
    text = recipe_text(document_of(values))
    said = "data: dataset: digits limits: max_params: 30k execution: gpu_ids: - 0 - 1"
    assert sorted(text.split()) == sorted(said.split())
    again = read_recipe(text, Path.cwd())
    assert faults_of(again, registry) == {}


def test_a_fault_is_told_at_its_field(registry: Registry, tmp_path: Path) -> None:
    values = {"data.dataset": "digits", "limits.max_params": "many", "execution.gpu_ids": "0,x",
              "search.population_size": 1}  # fmt: skip
    faults = faults_of(document_of(values), registry)
    assert set(faults) == {"limits.max_params", "execution.gpu_ids", "search.population_size"}
    layers = {"data.dataset": "digits", "space.min_layers": 9, "space.max_layers": 3}
    assert list(faults_of(document_of(layers), registry)) == ["space.max_layers"]
    gone = {"data.dataset": "folder", "data.path": str(tmp_path / "gone")}
    assert "there is no" in faults_of(document_of(gone), registry)["data.path"][0]


@pytest.mark.parametrize("name", ["", ".", "../x", "a b", "-x", "a/b"])
def test_names_that_no_run_can_have(name: str, tmp_path: Path) -> None:
    assert name_fault(name, Places(tmp_path))
    if not name.startswith(("a b", "-")):
        with pytest.raises(RunError):
            Places(tmp_path).run(name)


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert name_fault("digits-001", places) is None
    (tmp_path / "digits-001").mkdir()
    assert name_fault("digits-001", places) == (
        "there is a run 'digits-001' already; choose another name"
    )
    assert places.free_name("digits") == "digits-002"
