"""`snas evaluate`: scores a network on its own test pictures, or trains it on other data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from snas_cli.commands._options import (
    RUNS,
    AsJson,
    RunsFolder,
    console,
    print_json,
    registry_of,
)
from snas_cli.registry import Registry


def add_to(app: typer.Typer) -> None:
    app.command()(evaluate)


def evaluate(
    context: typer.Context,
    target: Annotated[
        Path | None, typer.Argument(help="A run or an architecture.json. Default: the latest run.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Train the architecture afresh on this data set.")
    ] = None,
    path: Annotated[
        Path | None, typer.Option(help="Train it afresh on this folder of pictures.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="How long to train afresh.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="For training afresh.")] = 0,
    runs: RunsFolder = RUNS,
    as_json: AsJson = False,
) -> None:
    """Score a network on test pictures: accuracy, precision, recall, F1, confusion."""
    from snas_cli.experiment import scoring
    from snas_cli.experiment.bundle import find_architecture, read_bundle
    from snas_cli.runs.folder import latest_run

    registry = registry_of(context)
    bundle = read_bundle(find_architecture(target or latest_run(runs).path), registry)
    screen = console(as_json=as_json)
    if dataset is None and path is None:
        scores = scoring.score_trained(bundle, registry)
    else:
        screen.print(f"training {bundle.genome.family} afresh, {epochs} epochs …")
        recipe = _recipe_for(dataset, path, seed, registry)
        scores = scoring.train_and_score(bundle.genome, recipe, registry, epochs)
    if as_json:
        print_json(scores)
    else:
        _show(scores)


def _recipe_for(dataset: str | None, path: Path | None, seed: int, registry: Registry) -> Any:
    from snas_cli.recipe.document import Document
    from snas_cli.recipe.loading import check

    data = {"dataset": dataset or "folder", "path": str(path.resolve()) if path else None}
    return check(Document("snas evaluate", {"seed": seed, "data": data}), registry)


def _show(scores: dict[str, Any]) -> None:
    from snas_cli.terminal.tables import scores_table
    from snas_cli.terminal.words import GOOD, percent

    screen = console()
    screen.print(scores_table(scores))
    screen.print(f"accuracy [{GOOD}]{percent(scores['accuracy'])}[/] on "
                 f"{scores['pictures']:,} test pictures of {scores['data']}")  # fmt: skip
    for true, taken_for, times in _mistakes(scores):
        screen.print(f"  {true} taken for {taken_for}: {times} times", markup=False)


def _mistakes(scores: dict[str, Any]) -> list[tuple[str, str, int]]:
    """The three most frequent: true class, predicted class, how often."""
    names = list(scores["classes"])
    found = [(names[i], names[j], count) for i, row in enumerate(scores["confusion"])
             for j, count in enumerate(row) if i != j and count]  # fmt: skip
    return sorted(found, key=lambda mistake: -mistake[2])[:3]
