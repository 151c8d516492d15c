"""architecture.json: how a network is written down beside its weights, and read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from snas_cli.api import Genome, ModelCard, Task
from snas_cli.data.task_data import TaskData
from snas_cli.errors import RunError, UsageError
from snas_cli.recipe.resolve import widest_space
from snas_cli.registry import Registry
from snas_cli.runs.files import read_json
from snas_cli.runs.folder import open_run
from snas_cli.runs.weights import load_weights

FORMAT = 1


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
    return ModelCard(
        genome.to_json(),
        (channels, height, width),
        tuple(map(str, document["classes"])),
        tuple(map(float, document["mean"])),
        tuple(map(float, document["std"])),
    )


def load_network(bundle: Bundle, registry: Registry, weights: Path | None = None) -> nn.Module:
    """With its weights, by default those beside the architecture, on the CPU, in evaluation mode.
    Raises RunError, UsageError."""
    weights = weights or bundle.path.parent / "model.safetensors"
    if not weights.exists():
        raise UsageError(
            f"{bundle.path} has no model.safetensors beside it, so there is no trained network; "
            "train one with: snas evaluate ARCHITECTURE --dataset NAME"
        )
    family = registry.family(bundle.genome.family)
    network = family.build(
        bundle.genome.genes, Task(bundle.card.input_shape, len(bundle.card.classes))
    )
    try:
        network.load_state_dict(load_weights(weights, bundle.genome.fingerprint))
    except RuntimeError as error:
        raise RunError(f"{weights} does not fit the architecture: {error}") from None
    return network.eval()
