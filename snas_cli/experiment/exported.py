"""Files that `snas export` wrote, scored and timed later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from snas_cli.api import Exporter, ExportError, Sample
from snas_cli.errors import UsageError
from snas_cli.experiment.bundle import Bundle
from snas_cli.experiment.exports import sample
from snas_cli.experiment.other_pictures import other_pictures
from snas_cli.experiment.scoring import Evaluated, own_data, run_of
from snas_cli.export.documents import NAME, read_report
from snas_cli.export.serving import Latency, Served, serve
from snas_cli.recipe.schema import DataSettings
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.training.metrics import outputs_from, scores_of


@dataclass(frozen=True)
class Timed:
    """How long an exported file takes on this machine, or why that cannot be said."""

    format: str
    file: str
    latency: Latency | None
    reason: str | None = None


def exporter_of(model: Path, name: str | None, registry: Registry) -> Exporter:
    """The one named, or the one whose format the folder or the suffix tells. Raises UsageError,
    PluginError."""
    if name is not None:
        return registry.exporter(name)
    names = registry.names("exporter")
    if model.parent.name in names:  # as snas export lays files out
        return registry.exporter(model.parent.name)
    fitting = [each for each in names if registry.exporter(each).suffix == model.suffix != ""]
    if len(fitting) != 1:
        told = f"several formats have: {', '.join(fitting)}" if fitting else "no format has"
        raise UsageError(f"{model}: {model.suffix or 'no suffix'} is a suffix that {told}; "
                         f"name one with --format")  # fmt: skip
    return registry.exporter(fitting[0])


def report_beside(model: Path) -> tuple[Path, dict[str, Any]]:
    """The folder that `snas export` wrote the file into, and its export.json. Raises UsageError,
    also for a file that it does not tell of, since its pictures may have to be prepared otherwise;
    RunError."""
    if not model.exists():
        raise UsageError(f"there is no file {model}")
    for folder in list(model.resolve().parents)[:2]:
        if (folder / NAME).is_file():
            document = read_report(folder)
            _check_told_of(model, folder, document)
            return folder, document
    raise UsageError(
        f"{model} has no {NAME} in its folder or the one above, which tells how its pictures are "
        "to be prepared; evaluate it where snas export wrote it"
    )


def _check_told_of(model: Path, folder: Path, document: dict[str, Any]) -> None:
    files = [each["file"] for each in document["exports"] if each["file"]]
    names = [Path(file).name for file in files]  # of files that were put beside export.json
    if model.resolve().relative_to(folder).as_posix() not in {*files, *names}:
        raise UsageError(
            f"{model} is not one of the files that {folder / NAME} tells of; if an earlier export "
            "wrote it, write it anew: snas export"
        )


def run_with(model: Path) -> RunFolder | None:
    """The run that an exported file lies in."""
    for folder in model.resolve().parents:
        if (folder / "recipe.yaml").is_file():
            return RunFolder(folder)
    return None


def score_exported(
    model: Path, exporter: Exporter, bundle: Bundle, registry: Registry, split: str
) -> Evaluated:
    """An exported file on a split of the bundle's run, in a process of its own. Raises UsageError
    where it is of other classes or pictures, ExportError where it cannot be run."""
    document = report_beside(model)[1]
    card = bundle.card
    shape, classes = tuple(document["input_shape"]), tuple(document["classes"])
    if (shape, classes) != (card.input_shape, card.classes):
        raise UsageError(
            f"{model} takes pictures of {shape} to {len(classes)} classes, but "
            f"{run_of(bundle.path) or bundle.path} has other pictures or classes"
        )
    recipe, data = own_data(bundle, registry)
    data = data.to(torch.device("cpu"))
    images = data.splits[split]
    pictures = sample(images, data, len(images), pixels=document["pixels"])
    named = {"data": recipe.data.path or recipe.data.dataset, "split": split}
    return _scored(model, exporter, pictures, classes, named, data.names(images))


def score_elsewhere(
    model: Path, exporter: Exporter, settings: DataSettings, registry: Registry, split: str
) -> Evaluated:
    """An exported file on pictures of another data set, in a process of its own. Raises UsageError
    where that has classes that the file does not know, DataError, ExportError."""
    document = report_beside(model)[1]
    classes = tuple(document["classes"])
    others = other_pictures(settings, tuple(document["input_shape"]), classes, registry, split)
    images = others.images
    if not document["pixels"]:
        mean, std = (np.reshape(document[name], (1, -1, 1, 1)) for name in ("mean", "std"))
        images = np.ascontiguousarray((images / 255 - mean) / std, np.float32)
    named = {"data": settings.path or settings.dataset, "split": others.split}
    pictures = Sample(images, others.labels)
    return _scored(model, exporter, pictures, classes, named, others.names)


def _scored(
    model: Path, exporter: Exporter, pictures: Sample, classes: tuple[str, ...],
    named: dict[str, str], names: Sequence[str],
) -> Evaluated:  # fmt: skip
    (served,), logits = serve([(exporter, model)], pictures.images)
    if served.error is not None or logits is None:
        raise served.error or ExportError(f"{model} gave no answer")
    outputs = outputs_from(torch.from_numpy(logits), torch.from_numpy(pictures.labels))
    scores = {**named, "exported": exporter.name, **scores_of(outputs, classes)}
    return Evaluated(scores, outputs, classes, names)


def time_exported(folder: Path, registry: Registry) -> list[Timed]:
    """All files of an export/, interleaved, the fastest first; what cannot be timed comes last.
    Raises RunError, ExportError."""
    document = read_report(folder)
    written = [each for each in document["exports"] if each["file"]]
    if not written:
        raise ExportError(f"{folder / NAME} names no file that was written")
    models = [(registry.exporter(each["format"]), folder / each["file"]) for each in written]
    image = np.zeros((1, *document["input_shape"]),
                     np.uint8 if document["pixels"] else np.float32)  # fmt: skip
    served, _ = serve(models, image)
    timed = [_timed(each, one) for each, one in zip(written, served, strict=True)]
    return sorted(timed, key=lambda each: each.latency.min_ms if each.latency else float("inf"))


def _timed(each: dict[str, Any], served: Served) -> Timed:
    reason = str(served.error) if served.error else None
    return Timed(each["format"], each["file"], served.latency, reason)
