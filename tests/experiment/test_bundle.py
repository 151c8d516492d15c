"""architecture.json from a stranger: it is a network that its weights fit, or an error."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from snas_cli.errors import RunError
from snas_cli.experiment.bundle import load_network, read_bundle
from snas_cli.registry import Registry
from snas_cli.runs.weights import load_weights, save_weights

FIRST_BEST = Path(__file__).parents[1] / "runs" / "data" / "format-1" / "best"


@pytest.fixture
def architecture(tmp_path: Path, registry: Registry) -> Path:
    path = Path(shutil.copytree(FIRST_BEST, tmp_path / "best")) / "architecture.json"
    genome = read_bundle(path, registry).genome
    network = registry.family(genome.family).build(genome.genes, _task(path))
    save_weights(path.with_name("model.safetensors"), network.state_dict(), genome.fingerprint)
    return path


def _task(path: Path) -> Any:
    from snas_cli.api import Task

    document = json.loads(path.read_text())
    return Task(tuple(document["input_shape"]), len(document["classes"]))


def change(path: Path, **fields: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_it_comes_back(architecture: Path, registry: Registry) -> None:
    network = load_network(read_bundle(architecture, registry), registry)
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


@pytest.mark.parametrize(
    "fields",
    [
        {"input_shape": [1, 60_000, 60_000]},  # its first layer would take 1.8 TB
        {"input_shape": [1, 8, 16]},
        {"classes": [str(number) for number in range(1_000_000)]},
    ],
    ids=["huge", "wide", "classes"],
)
def test_weights_of_another_form_are_refused_before_anything_is_built(
    architecture: Path, registry: Registry, fields: dict[str, object]
) -> None:
    change(architecture, **fields)
    with pytest.raises(RunError, match="does not fit the architecture: "):
        load_network(read_bundle(architecture, registry), registry)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input_shape": [-1, 8, 8]}, "no pictures of -1×8×8"),
        ({"input_shape": [1, 0, 8]}, "no pictures of 1×0×8"),
        ({"input_shape": [1, 8, 1e300]}, "no pictures of"),
        ({"input_shape": [1, 8]}, "not enough values"),
        ({"mean": []}, "not those of 1 channels"),
        ({"mean": [1e400]}, "not those of pictures"),
        ({"std": [0]}, "not those of pictures"),
    ],
    ids=str,
)
def test_what_no_pictures_have(
    architecture: Path, registry: Registry, fields: dict[str, object], message: str
) -> None:
    text = json.dumps({**json.loads(architecture.read_text()), **fields})
    architecture.write_text(text.replace("Infinity", "1e400"))
    with pytest.raises(RunError, match=message):
        read_bundle(architecture, registry)


def test_weights_too_large_to_be_any(architecture: Path, registry: Registry) -> None:
    weights = architecture.with_name("model.safetensors")
    fingerprint = read_bundle(architecture, registry).genome.fingerprint
    with weights.open("r+b") as file:
        file.truncate(5_000_000_000)  # takes no room on the disk
    with pytest.raises(RunError, match="5,000,000,000 bytes, which is too many"):
        load_weights(weights, fingerprint)
