"""Starts a search as the command line does: with a recipe in a file."""

from __future__ import annotations

from snas_cli.errors import RunError
from snas_cli.recipe.document import Document
from snas_cli.runs.files import write_whole
from snas_cli.ui.form import recipe_text
from snas_cli.ui.places import SEARCH, Places


def start_search(places: Places, name: str, document: Document) -> None:
    """A process of its own searches in `places.runs / name`. Raises RunError."""
    folder = places.beside(name)
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise RunError(f"there is a run {name} already; choose another name") from None
    except OSError as error:
        raise RunError(f"cannot make {folder}: {error.strerror}") from None
    recipe = folder / "recipe.yaml"
    write_whole(recipe, lambda path: path.write_text(recipe_text(document), encoding="utf-8"))
    places.errand(name, SEARCH).start(
        ["search", str(recipe), f"--name={name}", f"--output-dir={places.runs}"]
    )
