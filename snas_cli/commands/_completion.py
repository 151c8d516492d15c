"""What the shell offers when Tab is pressed; `snas --install-completion` makes it ask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from snas_cli.commands._options import registry_of
from snas_cli.scripting.targets import RECIPE_SUFFIXES, TABLE_SUFFIXES

Complete = Callable[[typer.Context, str], list[str]]


def components(kind: str) -> Complete:
    """The names of a kind, also as the last of a list with commas."""

    def complete(context: typer.Context, incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        names = registry_of(context).names(kind)
        return [before + comma + name for name in names if name.startswith(last)]

    return complete


def words(*known: str) -> Complete:
    """Those that begin so."""

    def complete(_context: typer.Context, incomplete: str) -> list[str]:
        return [word for word in known if word.startswith(incomplete)]

    return complete


def objectives(_context: typer.Context, incomplete: str) -> list[str]:
    from snas_cli.recipe.schema import OBJECTIVES

    return [name for name in OBJECTIVES if name.startswith(incomplete)]


def targets(context: typer.Context, incomplete: str) -> list[str]:
    """Data sets by name; folders, recipes and tables."""
    names = [name for name in registry_of(context).names("dataset") if name.startswith(incomplete)]
    return names + _paths(incomplete, lambda path: path.suffix in RECIPE_SUFFIXES | TABLE_SUFFIXES)


def runs(context: typer.Context, incomplete: str) -> list[str]:
    """Folders; the runs in --runs first come to mind, so they are offered from the start."""
    return _paths(incomplete or f"{context.params.get('runs') or 'runs'}/", lambda _path: False)


def _paths(incomplete: str, wanted: Callable[[Path], bool]) -> list[str]:
    """Folders, with a slash to go on from, and the files that are wanted."""
    folder, slash, start = incomplete.rpartition("/")
    here = Path(folder + slash or ".").expanduser()
    if not here.is_dir():
        return []
    found = sorted(path for path in here.iterdir() if path.name.startswith(start))
    seen = [path for path in found if start.startswith(".") or not path.name.startswith(".")]
    return [
        f"{folder}{slash}{path.name}{'/' if path.is_dir() else ''}"
        for path in seen
        if path.is_dir() or wanted(path)
    ]
