"""Scores a network on pictures that it was not trained on, and writes down how it did."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from snas_cli.api import Genome
from snas_cli.data.splits import read_manifest
from snas_cli.data.task_data import Kept, TaskData
from snas_cli.errors import DataError, RunError, UsageError
from snas_cli.experiment.assembly import assemble, cache_dir, load_data
from snas_cli.experiment.bundle import Bundle, load_network
from snas_cli.recipe.document import read_document
from snas_cli.recipe.loading import check
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.report.scores import confusion_drawing, reliability_drawing, roc_drawing
from snas_cli.runs.documents import DATA, read_checked
from snas_cli.runs.files import write_json, write_whole
from snas_cli.runs.folder import RunFolder
from snas_cli.training.metrics import Outputs, outputs_of, scores_of

COLUMNS = ("picture", "true", "predicted", "probability")  # of predictions.csv


@dataclass(frozen=True)
class Evaluated:
    """How a network did on one split."""

    scores: dict[str, Any]  # the content of scores.json
    outputs: Outputs
    classes: Sequence[str]
    names: Sequence[str] | None = None  # of the pictures, where they have any


def run_of(architecture: Path) -> RunFolder | None:
    """The run that an architecture.json lies in."""
    folder = RunFolder(architecture.parent.parent)
    return folder if folder.recipe.is_file() and folder.best == architecture.parent else None


def own_data(bundle: Bundle, registry: Registry) -> tuple[Recipe, TaskData]:
    """The data that the bundle's run was made with, split as they were then. Raises UsageError
    where the bundle lies in no run, DataError where the pictures are no longer the same."""
    folder = run_of(bundle.path)
    if folder is None:
        raise UsageError(
            f"{bundle.path} lies in no run, so its data are not known; name a data set with "
            "--dataset or --path, and it is trained there afresh"
        )
    recipe = check(read_document(folder.recipe), registry)
    splits = read_manifest(folder.splits) if folder.splits.exists() else None
    data = load_data(recipe.data, registry, recipe.seed, Kept(cache_dir(recipe.data), splits))
    if data.digest() != read_checked(folder.data, DATA)["digest"]:
        raise DataError(
            f"the pictures are not those that {folder.path} was made with, so some that it was "
            "trained on might be among those to test it by; restore the pictures, or search anew"
        )
    return recipe, data


def score_trained(bundle: Bundle, registry: Registry, split: str) -> Evaluated:
    """A trained network on a split of its own run: val or test."""
    network = load_network(bundle, registry)
    recipe, data = own_data(bundle, registry)
    return evaluated_on(network, recipe, data, split)


def train_and_score(
    genome: Genome, recipe: Recipe, registry: Registry, epochs: int, split: str
) -> Evaluated:
    """Trains an architecture from scratch on the recipe's data. Raises CandidateError; UsageError
    where its family is one that is never trained."""
    if not registry.family(genome.family).shared_genes:
        raise UsageError(
            f"the family {genome.family!r} is for evaluators alone: it has neither a learning rate "
            "nor an optimizer, so it cannot be trained"
        )
    torch.set_num_threads(1)  # as in a search, so that results can be compared
    assembly = assemble(recipe, registry)
    network = assembly.workshop.train(genome, epochs).network
    return evaluated_on(network, recipe, assembly.workshop.data, split)


def evaluated_on(network: nn.Module, recipe: Recipe, data: TaskData, split: str) -> Evaluated:
    """Raises CandidateError, DataError."""
    images = data.splits[split]
    outputs = outputs_of(network, images, data)
    named = {"data": recipe.data.path or recipe.data.dataset, "split": split}
    scores = {**named, **scores_of(outputs, data.classes)}
    return Evaluated(scores, outputs, data.classes, data.names(images))


def write_evaluation(evaluated: Evaluated, folder: Path) -> list[Path]:
    """scores.json, a line a picture in predictions.csv, and the drawings. Raises RunError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot make {folder}: {error.strerror}") from None
    scores = folder / "scores.json"
    write_json(scores, evaluated.scores)
    table = folder / "predictions.csv"
    write_whole(table, lambda partial: _write_predictions(evaluated, partial))
    return [scores, table, *(_write_drawing(folder / f"{name}.svg", draw(evaluated.scores))
                             for name, draw in DRAWINGS.items())]  # fmt: skip


DRAWINGS = {
    "confusion": confusion_drawing,
    "roc": roc_drawing,
    "reliability": reliability_drawing,
}


def _write_drawing(path: Path, drawing: str) -> Path:
    write_whole(path, lambda partial: partial.write_text(drawing, encoding="utf-8"))
    return path


def _write_predictions(evaluated: Evaluated, path: Path) -> None:
    """Pictures without a name are numbered in their order."""
    outputs, classes = evaluated.outputs, evaluated.classes
    names = evaluated.names or range(len(outputs.labels))
    rows = zip(names, outputs.labels, outputs.predicted, outputs.confidence, strict=True)
    # Names of files need not be text that UTF-8 has; they are written as the disk has them.
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for name, true, predicted, probability in rows:
            table.writerow((name, classes[true], classes[predicted], f"{probability:.6f}"))
