"""`snas plugins` as a person types it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.snas import snas


def test_bare_it_lists_the_components(tmp_path: Path) -> None:
    said = snas("plugins", cwd=tmp_path).stdout
    assert "tensorboard" in said
    assert "snas:observer_mlflow" in said


def test_a_new_one_says_what_it_wrote_and_what_to_do_next(tmp_path: Path) -> None:
    said = snas("plugins", "new", "snas-mine", cwd=tmp_path).stdout
    assert (
        said
        == """\
snas-mine: a family named mine, which works as it is
  README.md
  pyproject.toml
  src/snas_mine/__init__.py
  tests/test_snas_mine.py

Next
  cd snas-mine
  pip install -e .
  snas search digits --families mine
  python -m pytest
"""
    )


def test_a_second_one_of_the_name_is_refused(tmp_path: Path) -> None:
    snas("plugins", "new", "snas-mine", cwd=tmp_path)
    said = snas("plugins", "new", "snas-mine", "--kind", "operator", cwd=tmp_path, code=1)
    assert said.stderr == "snas: snas-mine exists already; nothing was written\n"


def test_a_misspelt_kind_is_answered_with_a_near_one(tmp_path: Path) -> None:
    said = snas("plugins", "new", "snas-mine", "--kind", "famly", cwd=tmp_path, code=2)
    assert said.stderr == "snas: there is no kind 'famly'; did you mean 'family'?\n"
    assert not (tmp_path / "snas-mine").exists()


def test_an_observer_keeps_the_options_of_the_recipe(tmp_path: Path) -> None:
    """What is wrong with them is told, so they were not replaced by none."""
    recipe = tmp_path / "my.yaml"
    recipe.write_text("data: {dataset: digits}\nobservers: {tensorboard: {colour: blue}}\n")
    said = snas("search", recipe, "--observer", "tensorboard", cwd=tmp_path, code=1)
    assert said.stderr == (
        "snas: observers.tensorboard: there is no option 'colour'; it has none\n"
    )
    said = snas("search", recipe, "--observer", "tensorbord", cwd=tmp_path, code=2)
    assert "--observer: observers.tensorbord: there is no observer 'tensorbord'" in said.stderr
