"""Exports a network and compares each file, in its own runtime, with the network itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from snas_cli.api import Exporter, ModelCard, Runtime

TOLERANCE = 1e-3  # of a logit; sound exports differ by less than 1e-4, broken ones by 1 and more
BATCH = 256


@dataclass(frozen=True)
class Exported:
    """A file that was written, and how it compares."""

    format: str
    file: str
    size_bytes: int
    seconds: float
    pictures: int
    largest_difference: float  # between logits
    agreement: float  # share of pictures given the same class
    accuracy: float
    sound: bool


@dataclass(frozen=True)
class HeldOut:
    """Pictures that the network was not trained on."""

    images: np.ndarray  # float32 N×C×H×W, normalised
    labels: np.ndarray  # int64 N


def export(
    exporter: Exporter, network: nn.Module, card: ModelCard, folder: Path, held_out: HeldOut
) -> Exported:
    """Writes one format into a folder of its own. Raises ExportError."""
    started = time.perf_counter()
    target = folder / exporter.name
    target.mkdir(parents=True, exist_ok=True)
    files = exporter.write(network, card, target)
    seconds = round(time.perf_counter() - started, 2)
    expected = np.concatenate(list(_reference(network, held_out.images)))
    actual = np.concatenate(list(_run(exporter.load(files[0]), held_out.images)))
    difference = float(np.abs(expected - actual).max())
    agreement = float((expected.argmax(1) == actual.argmax(1)).mean())
    return Exported(
        format=exporter.name,
        file=str(files[0].relative_to(folder)),
        size_bytes=sum(file.stat().st_size for file in files),
        seconds=seconds,
        pictures=len(held_out.labels),
        largest_difference=difference,
        agreement=agreement,
        accuracy=float((actual.argmax(1) == held_out.labels).mean()),
        sound=bool(difference <= TOLERANCE),
    )


def report(results: Sequence[Exported], card: ModelCard) -> dict[str, Any]:
    """The content of export.json."""
    return {"architecture": dict(card.architecture), "exports": [asdict(each) for each in results]}


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]


def _reference(network: nn.Module, images: np.ndarray) -> Iterator[np.ndarray]:
    with torch.no_grad():
        for batch in _batches(images):
            yield network(torch.from_numpy(batch)).numpy()


def _run(runtime: Runtime, images: np.ndarray) -> Iterator[np.ndarray]:
    for batch in _batches(images):
        yield runtime(batch)
