"""Scores a network on test pictures."""

from __future__ import annotations

from typing import Any

import torch

from snas_cli.api import Genome
from snas_cli.data.task_data import TaskData
from snas_cli.errors import DataError, UsageError
from snas_cli.experiment.assembly import assemble, load_data
from snas_cli.experiment.bundle import Bundle, load_network
from snas_cli.export.exporting import HeldOut
from snas_cli.recipe.document import read_document
from snas_cli.recipe.loading import check
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.training.batches import plain_batches
from snas_cli.training.metrics import classification_scores


def own_data(bundle: Bundle, registry: Registry) -> tuple[Recipe, TaskData]:
    """The data that the bundle's run was made with. Raises UsageError where the bundle lies in no
    run, DataError where the data no longer fits it."""
    folder = bundle.path.parent.parent
    if not (folder / "recipe.yaml").is_file():
        raise UsageError(
            f"{bundle.path} lies in no run, so its data are not known; name a data set with "
            "--dataset or --path, and it is trained there afresh"
        )
    recipe = check(read_document(folder / "recipe.yaml"), registry)
    data = load_data(recipe.data, registry, recipe.seed)
    if data.classes != bundle.card.classes or data.task.input_shape != bundle.card.input_shape:
        raise DataError(
            f"the pictures have changed since {folder} was made: other classes or sizes"
        )
    return recipe, data


def score_trained(bundle: Bundle, registry: Registry) -> dict[str, Any]:
    """A trained network's scores on the test pictures of its own run."""
    network = load_network(bundle, registry)
    recipe, data = own_data(bundle, registry)
    return {"data": recipe.data.path or recipe.data.dataset,
            **classification_scores(network, data.test, data)}  # fmt: skip


def train_and_score(
    genome: Genome, recipe: Recipe, registry: Registry, epochs: int
) -> dict[str, Any]:
    """Trains an architecture from scratch on the recipe's data. Raises CandidateError."""
    torch.set_num_threads(1)  # as in a search, so that results can be compared
    assembly = assemble(recipe, registry)
    network = assembly.workshop.train(genome, epochs).network
    data = assembly.workshop.data
    return {"data": recipe.data.path or recipe.data.dataset,
            **classification_scores(network, data.test, data)}  # fmt: skip


def held_out(data: TaskData) -> HeldOut:
    """The test pictures as a network takes them."""
    images, labels = zip(*plain_batches(data.test, data), strict=True)
    return HeldOut(torch.cat(images).contiguous().numpy(), torch.cat(labels).numpy())
