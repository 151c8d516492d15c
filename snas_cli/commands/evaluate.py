"""`snas evaluate`: scores a network on its own test pictures, or trains it on other data."""

from __future__ import annotations

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
        str | None, typer.Option(help="Train the architecture afresh on this data set.")
    ] = None,
    path: Annotated[
        Path | None, typer.Option(help="Train it afresh on this folder of pictures.")
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
        typer.Option(help="Score this file, which snas export wrote, on the run's pictures."),
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
    evaluation-FORMAT."""
    from snas_cli.experiment import scoring
    from snas_cli.experiment.bundle import find_architecture, read_bundle, read_genome
    from snas_cli.runs.folder import latest_run

    registry = registry_of(context)
    _check_options(exported, format_name, afresh=dataset is not None or path is not None)
    run = _run_of_file(exported) if exported and target is None else None
    architecture = find_architecture(target or run or latest_run(runs).path)
    data = None
    if exported is not None:
        from snas_cli.experiment import exported as files_of_export

        bundle = read_bundle(architecture, registry)
        exporter = files_of_export.exporter_of(exported, format_name, registry)
        which = files_of_export.report_beside(exported)[0].name.removeprefix("export").strip("-")
        data = f"{which}-{exporter.name}" if which else exporter.name
        evaluated = files_of_export.score_exported(exported, exporter, bundle, registry, split)
    elif dataset is None and path is None:
        evaluated = scoring.score_trained(read_bundle(architecture, registry), registry, split)
    else:
        screen, genome = console(as_json=as_json), read_genome(architecture, registry)
        screen.print(f"training {genome.family} afresh, {epochs} epochs …")
        recipe = _recipe_for(dataset, path, seed, registry)
        data = _short_name(path.resolve()) if path else recipe.data.dataset
        evaluated = scoring.train_and_score(genome, recipe, registry, epochs, split)
    folder = output or _folder(architecture, data, split)
    files = scoring.write_evaluation(evaluated, folder)
    if as_json:
        scores = {key: value for key, value in evaluated.scores.items() if key != "roc"}
        print_json({"folder": str(folder), **scores})
    else:
        _show(evaluated.scores, folder, files)


def _check_options(exported: Path | None, format_name: str | None, *, afresh: bool) -> None:
    if exported is not None and afresh:
        raise UsageError("--exported is scored on the pictures of its run; leave out --dataset "
                         "and --path, which train a network afresh")  # fmt: skip
    if exported is None and format_name is not None:
        raise UsageError("--format is that of a file; name the file with --exported FILE")


def _run_of_file(exported: Path) -> Path | None:
    from snas_cli.experiment.exported import report_beside, run_with

    report_beside(exported)  # raises where there is no such file
    run = run_with(exported)
    return run.path if run else None


def _recipe_for(dataset: str | None, path: Path | None, seed: int, registry: Registry) -> Any:
    from snas_cli.recipe.document import Document
    from snas_cli.recipe.loading import check

    data = {"dataset": dataset or "folder", "path": str(path.resolve()) if path else None}
    return check(Document("snas evaluate", {"seed": seed, "data": data}), registry)


def _short_name(path: Path) -> str:
    return path.stem if path.is_file() else path.name


def _folder(architecture: Path, data: str | None, split: str) -> Path:
    """In the run, not in its best/, which a search that goes on replaces; else beside the
    architecture. A folder for each data set and split, so that none overwrites another."""
    from snas_cli.experiment.scoring import run_of

    run = run_of(architecture)
    words = ["evaluation", *([data] if data else []), *([split] if split != "test" else [])]
    return (run.path if run else architecture.parent) / "-".join(words)


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

    split = {"val": "validation", "test": "test"}[scores["split"]]
    return [
        ("accuracy", f"{percent(scores['accuracy'])} on {scores['pictures']:,} {split} pictures "
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
