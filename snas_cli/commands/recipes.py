"""`snas recipes`: checks a recipe, shows it whole, prints the schema for editors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snas_cli.commands._options import print_json, registry_of
from snas_cli.errors import RecipeError

if TYPE_CHECKING:
    from snas_cli.recipe.schema import Recipe


def add_to(app: typer.Typer) -> None:
    recipes = typer.Typer(no_args_is_help=True, help="Check a recipe, or see what one can hold.")
    recipes.command()(schema)
    recipes.command()(check)
    recipes.command()(show)
    app.add_typer(recipes, name="recipes")


def schema() -> None:
    """Print the JSON schema of recipes, for editors that complete and check YAML."""
    from snas_cli.recipe.schema import Recipe

    print_json(Recipe.model_json_schema())


def check(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Recipes.")],
) -> None:
    """Check recipes without running them: every fault of each, with its line."""
    faults: list[str] = []
    for file in files:
        try:
            _checked(context, file)
        except RecipeError as error:
            faults += error.faults
        else:
            print(f"{file}: sound")
    if faults:
        raise RecipeError(faults)


def show(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="A recipe. Default: one of digits.")] = None,
) -> None:
    """Print a recipe with every key, those that it leaves to their defaults too."""
    from snas_cli.recipe.loading import dump
    from snas_cli.recipe.schema import DataSettings, Recipe

    recipe = _checked(context, file) if file else Recipe(data=DataSettings(dataset="digits"))
    print(dump(recipe), end="")


def _checked(context: typer.Context, file: Path) -> Recipe:
    from snas_cli.recipe import loading
    from snas_cli.recipe.document import read_document

    return loading.check(read_document(file), registry_of(context))
