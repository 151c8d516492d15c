"""What a person means by TARGET: a recipe, a folder, a table, or the name of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from snas_cli.errors import UsageError, near_match
from snas_cli.registry import Registry

if TYPE_CHECKING:
    from snas_cli.recipe.document import Document

RECIPE_SUFFIXES = {".yaml", ".yml"}
TABLE_SUFFIXES = {".csv", ".tsv"}


def document_of(target: str, registry: Registry) -> Document:
    """The recipe that `target` is or stands for. Raises UsageError where it is none of these."""
    from snas_cli.recipe.document import Document, read_document
    from snas_cli.recipe.loading import absolute_path

    path = Path(target).expanduser()
    if path.suffix.lower() in RECIPE_SUFFIXES:
        document = read_document(path)
        absolute_path(document, path.parent)
        return document
    if path.is_dir() or path.suffix.lower() in TABLE_SUFFIXES:
        data = {"dataset": dataset_at(path), "path": str(path.resolve())}
        return Document(target, {"data": data})
    if target in registry.names("dataset"):
        return Document(target, {"data": {"dataset": target}})
    if path.exists():
        raise UsageError(
            f"{target} is neither a recipe (.yaml), nor a folder of pictures, nor a table (.csv)"
        )
    if "/" in target or path.suffix:
        raise UsageError(f"there is no file or folder {target}; the folder here is {Path.cwd()}")
    hint = near_match(target, registry.names("dataset"))
    raise UsageError(f"there is no file, folder or data set {target!r}; {hint}")


def dataset_at(path: Path) -> str:
    """The data set that reads what lies there."""
    return "csv" if path.suffix.lower() in TABLE_SUFFIXES else "folder"
