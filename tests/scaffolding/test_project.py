"""Projects of plugins: names, and what is written."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from snas_cli import api
from snas_cli.errors import RunError, UsageError
from snas_cli.registry import HOOKS, KINDS, Registry
from snas_cli.scaffolding.project import USES, Project, plan_project, write_project


def test_there_is_one_of_every_kind() -> None:
    assert USES.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_whole(kind: str, registry: Registry, tmp_path: Path) -> None:
    project = plan_project(kind, "snas-my-own", registry)
    folder = write_project(project, tmp_path)
    written = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.*")}
    assert written == project.render()
    assert not [path for path, text in written.items() if "$" in text.replace("\n$ ", "")]
    settings = tomllib.loads(written["pyproject.toml"])["project"]
    assert settings["name"] == "snas-my-own"
    assert settings["entry-points"]["snas"] == {"my_own": "snas_my_own"}
    source = written["src/snas_my_own/__init__.py"]
    assert HOOKS[kind] in {
        node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)
    }
    assert max(map(len, source.splitlines())) <= 100


@pytest.mark.parametrize("kind", KINDS)
def test_its_class_hides_nothing_that_it_imports(kind: str) -> None:
    for name in api.__all__:
        assert Project(kind, f"snas-{name.lower()}").component not in api.__all__


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Snas", "'Snas' is no name for a package"),
        ("snas_thing", "small letters, digits and single dashes"),
        ("snas--thing", "is no name for a package"),
        ("../thing", "is no name for a package"),
        ("snas-class", "'class', which is no name in Python"),
        ("snas-3", "'3', which is no name in Python"),
        ("snas-cnn", "snas:family_cnn has a family 'cnn' already"),
        ("json", "there is a package 'json' already"),
        ("snas", "there is a package 'snas' already"),  # pip would replace this one
    ],
)
def test_names_that_will_not_do(name: str, message: str, registry: Registry) -> None:
    with pytest.raises(UsageError, match=message):
        plan_project("family", name, registry)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    project = Project("family", "snas-thing")
    module = write_project(project, tmp_path) / "src" / "snas_thing" / "__init__.py"
    module.write_text("mine")
    with pytest.raises(RunError, match="snas-thing exists already; nothing was written"):
        write_project(Project("operator", "snas-thing"), tmp_path)
    assert module.read_text() == "mine"


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"cannot write .*file/snas-thing: Not a directory"):
        write_project(Project("family", "snas-thing"), tmp_path / "file")
