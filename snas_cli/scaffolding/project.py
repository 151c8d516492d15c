"""Writes the project of a plugin: one that works as it is, to be changed piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from string import Template

from snas_cli.errors import RunError, UsageError, near_match
from snas_cli.registry import KINDS, Registry

USES = {
    "dataset": "snas search $name",
    "family": "snas search digits --families $name",
    "operator": "snas search digits --set 'search.operators={$name: 2}'",
    "strategy": "snas search digits --strategy $name",
    "evaluator": "snas search recipe.yaml",
    "proxy": "snas search digits --set 'search.proxies=[$name]'",
    "executor": "snas search digits --set execution.executor=$name",
    "exporter": "snas export --format $name",
    "observer": "snas search digits --observer $name",
}


@dataclass(frozen=True)
class Project:
    """A distribution, such as snas-thing, with one component, thing."""

    kind: str
    distribution: str

    @property
    def module(self) -> str:
        return self.distribution.replace("-", "_")

    @property
    def name(self) -> str:
        """Of the component."""
        return self.module.removeprefix("snas_")

    @property
    def article(self) -> str:
        """Before the kind."""
        return "an" if self.kind[0] in "aeio" else "a"

    @property
    def component(self) -> str:
        """The name of its class. The kind at its end keeps it apart from all that it imports."""
        words = "".join(word.capitalize() for word in self.name.split("_"))
        return words + self.kind.capitalize()

    @property
    def use(self) -> str:
        """A command that uses it, in the project's folder."""
        return Template(USES[self.kind]).substitute(name=self.name)

    def render(self) -> dict[str, str]:
        """The text of each file, by its path in the project."""
        paths = {
            "component.py.txt": f"src/{self.module}/__init__.py",
            "test.py.txt": f"tests/test_{self.module}.py",
        }
        return {
            paths.get(template.name, template.name.removesuffix(".txt")): self._filled(template)
            for template in sorted(_templates(self.kind), key=lambda found: found.name)
        }

    def _filled(self, template: Traversable) -> str:
        return Template(template.read_text(encoding="utf-8")).substitute(
            {
                "article": self.article,
                "article_capital": self.article.capitalize(),
                "class": self.component,
                "distribution": self.distribution,
                "kind": self.kind,
                "module": self.module,
                "name": self.name,
                "use": self.use,
            }
        )


def plan_project(kind: str, distribution: str, registry: Registry) -> Project:
    """Raises UsageError for a kind that there is not, and a name that would not do, or is taken."""
    if kind not in KINDS:
        raise UsageError(f"there is no kind {kind!r}; {near_match(kind, KINDS)}")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", distribution):
        raise UsageError(
            f"{distribution!r} is no name for a package: it has small letters, digits and single "
            "dashes, and begins with a letter, such as snas-thing"
        )
    project = Project(kind, distribution)
    if not project.name.isidentifier() or iskeyword(project.name):
        raise UsageError(
            f"{distribution!r} would make a {kind} named {project.name!r}, which is no name in "
            "Python; choose another"
        )
    if project.name in registry.names(kind):
        origin = registry.find(kind, project.name).origin
        raise UsageError(f"{origin} has a {kind} {project.name!r} already; choose another name")
    if find_spec(project.module) is not None or _is_installed(distribution):
        raise UsageError(f"there is a package {distribution!r} already; choose another name")
    return project


def _is_installed(distribution: str) -> bool:
    """Else pip would take the new one for another version of it, and uninstall it."""
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def write_project(project: Project, parent: Path) -> Path:
    """The folder of the new project in `parent`. Raises RunError where it is there already, or
    cannot be written."""
    folder = parent / project.distribution
    try:
        folder.mkdir()
        for path, text in project.render().items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except FileExistsError:
        raise RunError(f"{folder} exists already; nothing was written") from None
    except OSError as error:
        raise RunError(f"cannot write {error.filename}: {error.strerror}") from None
    return folder


def _templates(kind: str) -> Iterator[Traversable]:
    templates = files("snas_cli.scaffolding") / "templates"
    for part in ("project", kind):
        yield from (templates / part).iterdir()
