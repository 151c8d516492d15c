"""`snas export`: networks of a run in formats to deploy, checked on the run's own pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from snas_cli.api import Exporter, Sample
from snas_cli.data.store import ImageSet
from snas_cli.data.task_data import TaskData
from snas_cli.errors import ExportError, UsageError
from snas_cli.experiment.bundle import load_network
from snas_cli.experiment.ranked import Kept
from snas_cli.experiment.scoring import own_data, run_of
from snas_cli.export import exporting
from snas_cli.export.documents import report, with_earlier, write_documents
from snas_cli.export.exporting import Exported, Material, Options
from snas_cli.export.sources import Preprocessed, available
from snas_cli.registry import Registry
from snas_cli.training.batches import plain_batches

TRAINING, VALIDATION = 512, 2048  # pictures at most; ranges settle long before
TEST_BYTES = 2**29  # of pictures to compare by, as float32
GROUP = 256  # pictures read at once


@dataclass(frozen=True)
class Formats:
    """What was asked for, and what of it cannot be written here."""

    exporters: list[Exporter]
    left_out: dict[str, str]  # what to install, by name


def formats_of(text: str, registry: Registry) -> Formats:
    """Of "onnx,python" or "all". Raises PluginError for an unknown one, UsageError for one that
    was named and needs what is not installed."""
    names = [name for name in text.replace(" ", "").split(",") if name]
    if not names:
        raise UsageError(f"--format {text!r} names no format; there are: "
                         f"{', '.join(registry.names('exporter'))}, or all")  # fmt: skip
    every = registry.names("exporter")
    wanted = list(dict.fromkeys(every if "all" in names else names))
    able, missing = available({name: registry.exporter(name) for name in wanted})
    if missing and "all" not in names:
        raise UsageError("\n".join(
            f"the format {name} needs what is not installed: {need}"
            for name, need in missing.items()
        ))  # fmt: skip
    return Formats(able, missing)


def export_network(
    kept: Kept,
    exporters: Sequence[Exporter],
    registry: Registry,
    folder: Path,
    options: Options,
    *,
    pixels: bool = False,
) -> tuple[list[Exported], dict[str, Any]]:
    """Writes the files, export.json and README.md into `folder`; the results, and the content of
    export.json, which has what the same network was exported to there before as well. Raises
    UsageError, DataError, RunError; what fails of one format is in its result, see
    `exporting.faults`."""
    material = material_of(kept, registry, pixels=pixels)
    results = exporting.export(exporters, registry.exporter, material, folder, options)
    document = with_earlier(report(results, material, options), folder)
    write_documents(folder, document, material.card)
    return results, document


def material_of(kept: Kept, registry: Registry, *, pixels: bool) -> Material:
    """The network, and pictures of its run as it takes them. Raises UsageError where it lies in no
    run, or has no weights."""
    network = load_network(kept.bundle, registry, kept.weights)
    if run_of(kept.bundle.path) is None:
        raise UsageError(
            f"{kept.bundle.path} lies in no run, so there are no pictures to compare its files on; "
            "export from the run that found it: the folder best/ belongs into it"
        )
    data = own_data(kept.bundle, registry)[1].to(torch.device("cpu"))
    card = replace(kept.bundle.card, pixels=pixels)
    if pixels:
        network = Preprocessed(network, card).eval()
    channels, height, width = card.input_shape
    most = max(TEST_BYTES // (4 * channels * height * width), GROUP)
    train, val, test = (
        sample(split, data, count, pixels=pixels)
        for split, count in ((data.train, TRAINING), (data.val, VALIDATION), (data.test, most))
    )
    return Material(network, card, train, val, test, len(data.test))


def sample(images: ImageSet, data: TaskData, most: int, *, pixels: bool) -> Sample:
    """Up to so many pictures, from the first to the last at equal distances. Raises ExportError
    where there are none."""
    if not len(images):
        raise ExportError("there are no pictures to try the files on")
    places = np.unique(np.linspace(0, len(images) - 1, min(most, len(images))).astype(np.int64))
    chosen = images[torch.from_numpy(places)]
    batches = chosen.in_order(GROUP) if pixels else plain_batches(chosen, data)
    pictures, labels = zip(*batches, strict=True)
    # A clone has the strides that a file will be read with. Grey pictures in the order of training,
    # channels last, count as contiguous too, but torch adds them up in another order.
    copied = torch.cat(pictures).clone(memory_format=torch.contiguous_format)
    return Sample(copied.numpy(), torch.cat(labels).numpy())
