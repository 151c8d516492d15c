"""architecture.json: how a network is written down beside its weights, and read back."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Any

from torch import nn

from snas_cli.api import Failure, Genome, ModelCard, Task, guarded
from snas_cli.data.task_data import TaskData
from snas_cli.errors import RunError, UsageError
from snas_cli.recipe.resolve import widest_space
from snas_cli.registry import Registry
from snas_cli.runs.files import read_json
from snas_cli.runs.folder import open_run
from snas_cli.runs.weights import check_shapes, load_weights
from snas_cli.training.cost import sketch

FORMAT = 1
MAX_SIDE = 65_535  # pixels, or channels


def architecture_document(genome: Genome, data: TaskData) -> dict[str, Any]:
    """best/architecture.json: all that is needed to build the network and feed it."""
    return {
        "format": FORMAT,
        "fingerprint": genome.fingerprint,
        **genome.to_json(),
        "input_shape": list(data.task.input_shape),
        "classes": list(data.classes),
        "mean": list(data.mean),
        "std": list(data.std),
    }


@dataclass(frozen=True)
class Bundle:
    """What architecture.json holds, checked."""

    path: Path
    genome: Genome
    card: ModelCard


def find_architecture(target: Path) -> Path:
    """The architecture.json that `target` is, or that lies in the run it names. Raises RunError."""
    if target.suffix == ".json" and target.is_file():
        return target
    folder = open_run(target)
    folder.metrics()  # raises where there is no network yet
    return folder.best / "architecture.json"


def read_bundle(path: Path, registry: Registry) -> Bundle:
    """Raises RunError, PluginError or SpaceError naming what is wrong in the file."""
    document = _document(path)
    if "evaluator" in document:
        raise RunError(
            f"{path} was judged by the evaluator {document['evaluator']!r} and never trained; "
            f"train it with: snas evaluate {path} --dataset NAME"
        )
    try:
        genome = _genome(document, registry)
        card = _card(document, genome)
    except (KeyError, TypeError, ValueError) as error:
        raise _of_the_wrong_form(path, error) from None
    return Bundle(path, genome, card)


def read_genome(path: Path, registry: Registry) -> Genome:
    """The architecture alone, to be trained afresh; raises as `read_bundle` does, but takes what
    was never trained."""
    document = _document(path)
    try:
        return _genome(document, registry)
    except (KeyError, TypeError, ValueError) as error:
        raise _of_the_wrong_form(path, error) from None


def _document(path: Path) -> dict[str, Any]:
    document = read_json(path)
    if not isinstance(document, dict) or "format" not in document:
        raise RunError(f"{path} is not an architecture that snas wrote")
    if document["format"] != FORMAT:
        raise RunError(f"{path} has format {document['format']}; this version of snas reads "
                       f"{FORMAT}")  # fmt: skip
    return document


def _of_the_wrong_form(path: Path, error: Exception) -> RunError:
    return RunError(f"{path}: incomplete or of the wrong form: {error}")


def _genome(document: dict[str, Any], registry: Registry) -> Genome:
    family = registry.family(str(document["family"]))
    return widest_space(family).from_json(document)


def _card(document: dict[str, Any], genome: Genome) -> ModelCard:
    channels, height, width = map(int, document["input_shape"])
    card = ModelCard(
        genome.to_json(),
        (channels, height, width),
        tuple(map(str, document["classes"])),
        tuple(map(float, document["mean"])),
        tuple(map(float, document["std"])),
    )
    if not all(1 <= side <= MAX_SIDE for side in card.input_shape):
        raise ValueError(f"there are no pictures of {channels}×{height}×{width}")
    if not all(map(isfinite, card.mean)) or not all(0 < std < inf for std in card.std):
        raise ValueError("mean and std are not those of pictures")
    if not len(card.mean) == len(card.std) == channels:
        raise ValueError(f"mean and std are not those of {channels} channels")
    return card


def load_network(bundle: Bundle, registry: Registry, weights: Path | None = None) -> nn.Module:
    """With its weights, by default those beside the architecture, on the CPU, in evaluation mode.
    Raises RunError, UsageError."""
    weights = weights or bundle.path.parent / "model.safetensors"
    if not weights.exists():
        raise UsageError(
            f"{bundle.path} has no model.safetensors beside it, so there is no trained network; "
            "put its weights there, or name a run"
        )
    family, genes = registry.family(bundle.genome.family), bundle.genome.genes
    task = Task(bundle.card.input_shape, len(bundle.card.classes))
    state = load_weights(weights, bundle.genome.fingerprint)
    planned = guarded(lambda: sketch(family, genes, task))  # takes no memory, however large
    if isinstance(planned, Failure):
        raise RunError(f"{bundle.path} describes no network: {planned.reason}")
    check_shapes(planned, state, weights)
    network = family.build(genes, task)
    network.load_state_dict(state)
    return network.eval()
