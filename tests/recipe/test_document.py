"""YAML that remembers where each value stands, and refuses what is no recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from snas_cli.errors import RecipeError
from snas_cli.recipe.document import parse_document, read_document


def test_knows_the_line_of_each_value() -> None:
    document = parse_document("seed: 3\nsearch:\n  generations: 2\n  elites: 1\n", "r.yaml")
    assert document.values == {"seed": 3, "search": {"generations": 2, "elites": 1}}
    assert document.place(("search", "elites")) == "r.yaml:4"
    assert document.place(("search", "missing")) == "r.yaml:2"
    assert document.place(("elsewhere",)) == "r.yaml"


def test_an_override_takes_the_place_of_a_value() -> None:
    document = parse_document("search:\n  elites: 1\n", "r.yaml")
    document.set("search.elites", 2, "--set search.elites=2")
    document.set("data.dataset", "digits", "--dataset")
    assert document.values == {"search": {"elites": 2}, "data": {"dataset": "digits"}}
    assert document.place(("search", "elites")) == "--set search.elites=2"


def test_an_override_below_a_scalar_is_refused() -> None:
    document = parse_document("seed: 3\n", "r.yaml")
    with pytest.raises(RecipeError, match="seed has no keys of its own"):
        document.set("seed.more", 1, "--set seed.more=1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2", r"r\.yaml:1: expected"),
        ("a: 1\na: 2\n", r"r\.yaml:2: the key 'a' stands here a second time"),
        ("- 1\n- 2\n", "made of sections"),
        ("just text", "made of sections"),
        ("a: !!python/object/apply:os.system ['true']", r"r\.yaml:1: could not determine"),
        ("a: &x [*x]", "nested too deeply"),
        ("a: 2026-13-45", "not readable as YAML"),
        ("a: \x00", "not readable as YAML"),
        (f"b: 1\na: 0x{'f' * 5000}", r"r\.yaml:2: a number of far too many digits"),
    ],
)
def test_what_is_no_recipe_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        parse_document(text, "r.yaml")


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(RecipeError, match="repeated too often"):
        parse_document("\n".join(lines), "r.yaml")


def test_an_empty_recipe_is_all_defaults() -> None:
    assert parse_document("", "r.yaml").values == {}


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="No such file"):
        read_document(tmp_path / "missing.yaml")
    with pytest.raises(RecipeError, match="Is a directory"):
        read_document(tmp_path)
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="not a text file"):
        read_document(binary)
    large = tmp_path / "large.yaml"
    large.write_text("#" * 1_000_001)
    with pytest.raises(RecipeError, match="too many for a recipe"):
        read_document(large)
