"""`snas evaluate`: scores a network on its own test pictures, or trains it on other data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from snas_cli.commands._options import (
    RUNS,
    AsJson,
    RunsFolder,
    console,
    print_json,
    registry_of,
)
from snas_cli.errors import UsageError
from snas_cli.registry import Registry


def add_to(app: typer.Typer) -> None:
    app.command()(evaluate)


def evaluate(
    context: typer.Context,
    target: Annotated[
        Path | None, typer.Argument(help="A run or an architecture.json. Default: the latest run.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Train it afresh on this data set; with --exported, score by it."),
    ] = None,
    path: Annotated[
        Path | None, typer.Option(help="The same with a folder or a table of pictures.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="How long to train afresh.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="For training afresh.")] = 0,
    split: Annotated[
        Literal["val", "test"],
        typer.Option(help="Pictures to score by; val are those that it was chosen by."),
    ] = "test",
    output: Annotated[
        Path | None, typer.Option(help="Where to write. Default: evaluation/ in the run.")
    ] = None,
    exported: Annotated[
        Path | None,
        typer.Option(help="Score this file, which snas export wrote, by its run's pictures."),
    ] = None,
    format_name: Annotated[
        str | None,
        typer.Option("--format", help="Of the exported file, where its name does not tell."),
    ] = None,
    runs: RunsFolder = RUNS,
    as_json: AsJson = False,
) -> None:
    """Score a network: accuracy, precision, recall, F1, ROC, calibration, mistakes.

    Writes scores.json, a line for each picture in predictions.csv, and drawings as SVG: confusion,
    ROC curves, reliability. What is trained afresh on other data has a folder of its own,
    evaluation-DATASET; so have the validation split, evaluation-val, and exported files,
    evaluation-FORMAT or evaluation-FORMAT-DATASET."""
    from snas_cli.experiment import scoring
    from snas_cli.experiment.bundle import find_architecture, read_bundle, read_genome
    from snas_cli.runs.folder import latest_run

    registry = registry_of(context)
    elsewhere = dataset is not None or path is not None
    if exported is None and format_name is not None:
        raise UsageError("--format is that of a file; name the file with --exported FILE")
    data = _short_name(path.resolve()) if path else dataset
    if exported is not None:
        settings = _recipe_for(dataset, path, seed, registry).data if elsewhere else None
        evaluated, place = _of_file(exported, format_name, target, settings, split, registry)
        folder = _named(place, [*([data] if data else []), *_unless_test(split)])
    elif not elsewhere:
        architecture = find_architecture(target or latest_run(runs).path)
        evaluated = scoring.score_trained(read_bundle(architecture, registry), registry, split)
        folder = _named(_place(architecture), _unless_test(split))
    else:
        architecture = find_architecture(target or latest_run(runs).path)
        screen, genome = console(as_json=as_json), read_genome(architecture, registry)
        screen.print(f"training {genome.family} afresh, {epochs} epochs …")
        recipe = _recipe_for(dataset, path, seed, registry)
        evaluated = scoring.train_and_score(genome, recipe, registry, epochs, split)
        folder = _named(_place(architecture), [str(data), *_unless_test(split)])
    folder = output or folder
    files = scoring.write_evaluation(evaluated, folder)
    if as_json:
        scores = {key: value for key, value in evaluated.scores.items() if key != "roc"}
        print_json({"folder": str(folder), **scores})
    else:
        _show(evaluated.scores, folder, files)


def _of_file(
    model: Path, format_name: str | None, target: Path | None, settings: Any, split: str,
    registry: Registry,
) -> tuple[Any, Path]:  # fmt: skip
    """The scores of an exported file, and what the folder for them begins with."""
    from snas_cli.experiment import exported
    from snas_cli.experiment.bundle import find_architecture, read_bundle

    beside, _ = exported.report_beside(model)  # raises where there is no such file
    exporter = exported.exporter_of(model, format_name, registry)
    run = exported.run_with(model)
    which = beside.name.removeprefix("export").strip("-")
    place = _named((run.path if run else beside) / "evaluation",
                   [*([which] if which and run else []), exporter.name])  # fmt: skip
    if settings is not None:
        return exported.score_elsewhere(model, exporter, settings, registry, split), place
    if target is None and run is None:
        raise UsageError(f"{model} lies in no run; name the run that it is of, or other pictures "
                         "with --dataset or --path")  # fmt: skip
    bundle = read_bundle(find_architecture(target or (run.path if run else beside)), registry)
    return exported.score_exported(model, exporter, bundle, registry, split), place


def _recipe_for(dataset: str | None, path: Path | None, seed: int, registry: Registry) -> Any:
    from snas_cli.recipe.document import Document
    from snas_cli.recipe.loading import check
    from snas_cli.scripting.targets import dataset_at

    kind = dataset or (dataset_at(path) if path else "folder")
    data = {"dataset": kind, "path": str(path.resolve()) if path else None}
    return check(Document("snas evaluate", {"seed": seed, "data": data}), registry)


def _short_name(path: Path) -> str:
    return path.stem if path.is_file() else path.name


def _place(architecture: Path) -> Path:
    """In the run, not in its best/, which a search that goes on replaces; else beside the
    architecture."""
    from snas_cli.experiment.scoring import run_of

    run = run_of(architecture)
    return (run.path if run else architecture.parent) / "evaluation"


def _named(place: Path, words: Sequence[str]) -> Path:
    """A folder for each file, data set and split, so that none overwrites another."""
    return place.with_name("-".join([place.name, *words]))


def _unless_test(split: str) -> list[str]:
    return [split] if split != "test" else []


def _show(scores: dict[str, Any], folder: Path, files: list[Path]) -> None:
    from snas_cli.terminal.tables import as_it_is, scores_table

    screen = console()
    screen.print(scores_table(scores))
    for label, value in _lines(scores):
        screen.print(f"{label:<18} {value}", markup=False)
    mistakes = _mistakes(scores)
    if mistakes:
        screen.print("most frequent mistakes")
    for true, taken_for, times in mistakes:
        often = "once" if times == 1 else f"{times:,} times"
        screen.print("  ", as_it_is(true), " taken for ", as_it_is(taken_for), f": {often}", sep="")
    screen.print(f"written to {folder}: {', '.join(file.name for file in files)}", markup=False)


def _lines(scores: dict[str, Any]) -> list[tuple[str, str]]:
    """Label and value."""
    from snas_cli.search.wording import percent

    split = {"val": "validation ", "test": "test ", "all": ""}[scores["split"]]
    return [
        ("accuracy", f"{percent(scores['accuracy'])} on {scores['pictures']:,} {split}pictures "
                     f"of {scores['data']}"),
        ("balanced accuracy", percent(scores["balanced_accuracy"])),
        *((f"top-{k} accuracy", percent(share)) for k, share in scores["top_k"].items()),
        ("loss", f"{scores['loss']:.4f}"),
        ("calibration error", f"{percent(scores['calibration']['error'])}, at a mean confidence of "
                              f"{percent(scores['calibration']['confidence'])}"),
    ]  # fmt: skip


def _mistakes(scores: dict[str, Any]) -> list[tuple[str, str, int]]:
    """The three most frequent: true class, predicted class, how often."""
    names = list(scores["classes"])
    found = [(names[i], names[j], count) for i, row in enumerate(scores["confusion"])
             for j, count in enumerate(row) if i != j and count]  # fmt: skip
    return sorted(found, key=lambda mistake: -mistake[2])[:3]
