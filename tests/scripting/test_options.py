"""The short names of options: what they set in a recipe, and what they say of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from snas_cli.errors import UsageError
from snas_cli.recipe.document import Document
from snas_cli.scripting.options import apply_options, flag


def values_of(recipe: dict[str, object] | None = None, **options: object) -> dict[str, object]:
    document = Document("test", recipe or {})
    apply_options(document, options)
    return document.values


def test_an_option_sets_its_key() -> None:
    assert values_of(max_size="1MB", seed=3) == {"limits": {"max_size_bytes": "1MB"}, "seed": 3}


def test_what_is_none_is_left_to_the_recipe() -> None:
    assert values_of({"seed": 4}, seed=None) == {"seed": 4}
    assert values_of(progressive=False) == {"search": {"progressive": False}}


@pytest.mark.parametrize("families", ["cnn, vit", ["cnn", "vit"], ("cnn", "vit")])
def test_lists_are_lists_or_text_with_commas(families: object) -> None:
    assert values_of(families=families) == {"space": {"families": ["cnn", "vit"]}}


def test_numbers_of_gpus() -> None:
    assert values_of(gpu_ids="0, 1") == {"execution": {"gpu_ids": [0, 1]}}
    assert values_of(gpu_ids=[2]) == {"execution": {"gpu_ids": [2]}}
    assert values_of(gpu_ids="x") == {"execution": {"gpu_ids": ["x"]}}, "the check refuses it"


def test_a_path_brings_the_data_set_that_reads_it() -> None:
    assert values_of(path="signs.csv") == {
        "data": {"path": str(Path.cwd() / "signs.csv"), "dataset": "csv"}
    }
    assert values_of(path="photos", dataset="mine")["data"]["dataset"] == "mine"  # type: ignore[index]


def test_fast_needs_two_stages_and_keeps_more() -> None:
    assert values_of(fast=True) == {"search": {"rungs": {"fast": True}}}, "the data say how many"
    one: dict[str, object] = {"search": {"rungs": {"count": 1}}}
    assert values_of(one, fast=True) == {"search": {"rungs": {"count": 2, "fast": True}}}
    three = {"search": {"rungs": {"count": 3}}}
    assert values_of(three, fast=True) == {"search": {"rungs": {"count": 3, "fast": True}}}


def test_an_observer_keeps_its_options() -> None:
    recipe: dict[str, object] = {"observers": {"mlflow": {"uri": "x"}}}
    assert values_of(recipe, observer=["mlflow", "tensorboard"]) == {
        "observers": {"mlflow": {"uri": "x"}, "tensorboard": {}}
    }


def test_an_unknown_option_is_told_with_the_likely_one() -> None:
    with pytest.raises(UsageError, match="no option 'generatons'; did you mean 'generations'"):
        values_of(generatons=3)


def test_faults_name_what_was_given() -> None:
    document = Document("test")
    apply_options(document, {"population_size": 1}, flag)
    assert document.place(("search", "population_size")) == "--population-size"
