"""Exports a network and compares each file, run in a process of its own, with the network."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import numpy as np
import torch
from torch import nn

from snas_cli.api import (
    Exporter,
    ExportError,
    Failure,
    ModelCard,
    NotRunHereError,
    Sample,
    Source,
    Written,
    guarded,
)
from snas_cli.errors import RunError
from snas_cli.export.serving import Answer, Latency, Served, answered, batches, serve_each
from snas_cli.export.sources import Shared

TOLERANCE = 1e-3  # of a logit; sound exports differ by less than 1e-4, broken ones by 1 and more
REFERENCE = "onnx"  # the format, in float32, that all others are timed against


@dataclass(frozen=True)
class Material:
    """A network, and pictures as it takes them."""

    network: nn.Module
    card: ModelCard
    training: Sample
    validation: Sample
    test: Sample
    test_pictures: int  # that there are; `test` may be a part of them


@dataclass(frozen=True)
class Options:
    opset: int = 20
    max_drop: float = 0.01
    progress: Callable[[str], None] = field(default=lambda _what: None, compare=False)


@dataclass(frozen=True)
class Exported:
    """A file that was written, and how it compares; None for what could not be found out."""

    format: str
    file: str | None = None
    example: str | None = None  # a script, beside the file
    size_bytes: int | None = None
    seconds: float | None = None  # for the export, less what other formats share with it
    pictures: int = 0
    largest_difference: float | None = None  # between logits
    agreement: float | None = None  # share of pictures given the same class
    accuracy: float | None = None
    network_accuracy: float | None = None
    latency_ms: float | None = None  # median
    latency_min_ms: float | None = None
    latency_p90_ms: float | None = None
    latency_ratio: float | None = None  # of the least, to that of the ONNX file in float32
    latency_steady: bool | None = None
    lossless: bool = True
    sound: bool | None = None  # None where it was not checked
    not_checked: str | None = None  # why
    error: str | None = None  # why there is no file
    remarks: tuple[str, ...] = ()

    @property
    def drop(self) -> float:
        """Of accuracy."""
        return (self.network_accuracy or 0.0) - (self.accuracy or 0.0)


def export(
    exporters: Sequence[Exporter],
    exporter_by: Callable[[str], Exporter],
    material: Material,
    folder: Path,
    options: Options,
) -> list[Exported]:
    """Writes each format into a folder of its own in `folder`. One that fails stops no other: its
    result says why. Raises RunError where nothing can be written at all."""
    with (
        _writable(folder),
        TemporaryDirectory(dir=folder, prefix=".writing-") as staging,
    ):
        given = {each.name: each for each in exporters}
        session = _Session(
            lambda name: given.get(name) or exporter_by(name),
            material,
            Path(staging),
            options,
        )
        results = session.checked([session.written(exporter) for exporter in exporters])
        for result in results:
            if result.file is not None:
                _put(Path(staging) / result.format, folder / result.format)
        return results


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except (FileExistsError, NotADirectoryError):
        raise RunError(f"cannot write {folder}: a file is in the way; choose another folder with "
                       "--output") from None  # fmt: skip
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror or error}; make room there, or "
                       "choose another folder with --output") from None  # fmt: skip


def _put(new: Path, place: Path) -> None:
    if place.exists():
        shutil.rmtree(place)
    new.rename(place)


class _Session:
    """One network in several formats. What is shared is written once."""

    def __init__(
        self,
        exporter_by: Callable[[str], Exporter],
        material: Material,
        staging: Path,
        options: Options,
    ) -> None:
        self._exporter_by = exporter_by
        self._staging = staging
        self._progress = options.progress
        self._material = material
        self._written: dict[str, tuple[Written, float]] = {}  # and the seconds that it took
        self._model_by = Shared(lambda name: self._write(exporter_by(name)))
        self._source = Source(
            material.network, material.card, material.training, material.validation,
            self._model_by, options.opset, options.max_drop,
        )  # fmt: skip
        self._options = options

    def written(self, exporter: Exporter) -> Exported:
        result = Exported(exporter.name, lossless=exporter.lossless)
        with suppress(ExportError):  # told where it is asked for, or by the format that needs it
            self._model_by(REFERENCE)  # first, so that its time does not count for the others
        try:
            return self._with_facts(result, self._model_by(exporter.name))
        except ExportError as error:
            return replace(result, error=str(error))

    def checked(self, results: Sequence[Exported]) -> list[Exported]:
        """All that were written, each in a process of its own."""
        self._progress("checking the files")
        there = [each for each in results if each.file is not None]
        jobs = [self._job(each.format) for each in there]
        images = self._material.test.images
        expected = reference_logits(self._material.network, images)
        answers = dict(zip((each.format for each in there), serve_each(jobs, images), strict=True))
        return [
            self._with_check(each, answers[each.format], expected)
            if each.format in answers
            else each
            for each in results
        ]

    def _job(self, name: str) -> list[tuple[Exporter, Path]]:
        """The model, and what it is timed beside: nothing for the reference itself, or where the
        network cannot be written as ONNX."""
        names = [name]
        with suppress(ExportError):
            self._model_by(REFERENCE)
            names += [REFERENCE] * (name != REFERENCE)
        return [(self._exporter_by(each), self._model_by(each)) for each in names]

    def _with_check(
        self, result: Exported, answer: Answer | ExportError, expected: np.ndarray
    ) -> Exported:
        try:
            (served, *others), actual = answered(answer)
            latency = served.checked()
            return _with_times(self._compared(result, actual, expected), latency, others)
        except NotRunHereError as error:
            return replace(result, not_checked=str(error))
        except ExportError as error:
            return replace(result, sound=False, error=f"{result.file} cannot be run: {error}")

    def _write(self, exporter: Exporter) -> Path:
        """Raises ExportError; RunError for a full disk."""
        self._progress(f"writing {exporter.name}")
        target = self._staging / exporter.name
        target.mkdir()
        started = time.perf_counter()
        written = guarded(partial(self._call, exporter, target))
        if isinstance(written, Failure):  # a plugin's own mistake, say
            raise ExportError(f"{exporter.name}: {written.reason}")
        seconds = round(time.perf_counter() - started, 2)
        self._written[exporter.name] = (written, seconds)
        return written.files[0]

    def _call(self, exporter: Exporter, target: Path) -> Written:
        try:
            written = exporter.write(self._source, target)
            script = exporter.example(self._material.card)
            if script is not None:
                path = target / f"predict_{exporter.name}.py"
                path.write_text(script, encoding="utf-8", newline="\n")
        except OSError as error:
            raise RunError(
                f"cannot write {exporter.name} in {self._staging.parent}: "
                f"{error.strerror or error}; make room there and in {gettempdir()}, or choose "
                "other folders with --output and TMPDIR"
            ) from error
        return written

    def _with_facts(self, result: Exported, model: Path) -> Exported:
        written, seconds = self._written[result.format]
        script = model.with_name(f"predict_{result.format}.py")
        return replace(
            result,
            file=model.relative_to(self._staging).as_posix(),
            example=script.relative_to(self._staging).as_posix() if script.exists() else None,
            size_bytes=sum(map(_size_bytes, written.files)),
            seconds=seconds,
            remarks=tuple(written.remarks),
        )

    def _compared(
        self, result: Exported, actual: np.ndarray | None, expected: np.ndarray
    ) -> Exported:
        if actual is None:
            raise ExportError("it gave no answer")
        labels = self._material.test.labels
        if actual.shape != expected.shape:
            raise ExportError(f"its answers are {actual.shape}, those of the network "
                              f"{expected.shape}")  # fmt: skip
        difference = float(np.abs(expected - actual).max())
        finite = bool(np.isfinite(difference))
        compared = replace(
            result,
            pictures=len(labels),
            largest_difference=difference if finite else None,
            agreement=float((expected.argmax(1) == actual.argmax(1)).mean()),
            accuracy=float((actual.argmax(1) == labels).mean()),
            network_accuracy=float((expected.argmax(1) == labels).mean()),
        )
        close = difference <= TOLERANCE if result.lossless else finite
        return replace(compared, sound=bool(close and compared.drop <= self._options.max_drop))


def _size_bytes(path: Path) -> int:
    """Of a file, or of all in a folder, which some formats are."""
    files = (part for part in path.rglob("*") if part.is_file()) if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def reference_logits(network: nn.Module, images: np.ndarray) -> np.ndarray:
    """float32, N×classes."""
    with torch.no_grad():
        return np.concatenate([network(torch.tensor(batch)).numpy() for batch in batches(images)])


def _with_times(result: Exported, latency: Latency, others: Sequence[Served]) -> Exported:
    ratio = 1.0 if result.format == REFERENCE else None
    for other in others:
        if other.latency is not None:
            ratio = round(latency.min_ms / other.latency.min_ms, 3)
    return replace(
        result,
        latency_ms=latency.median_ms,
        latency_min_ms=latency.min_ms,
        latency_p90_ms=latency.p90_ms,
        latency_ratio=ratio,
        latency_steady=latency.steady,
    )


def faults(results: Sequence[Exported], max_drop: float) -> list[str]:
    """What is wrong with the files and what to do, a sentence each."""
    return [fault for each in results if (fault := _fault(each, max_drop))]


def _fault(each: Exported, max_drop: float) -> str | None:
    if each.error is not None:
        return each.error if each.format in each.error else f"{each.format}: {each.error}"
    if each.sound is not False:
        return None
    difference = each.largest_difference
    if difference is None:
        return f"{each.file} answers with what are no numbers; do not use it"
    if each.lossless and difference > TOLERANCE:
        return (f"{each.file} does not compute what the network does: logits differ by up to "
                f"{difference:.3g}; do not use it")  # fmt: skip
    return (f"{each.file} is right for {each.accuracy:.2%} of the pictures, the network for "
            f"{each.network_accuracy:.2%}, which is more than --max-drop {max_drop:g} apart: raise "
            "it if that is good enough, or use another format, such as onnx or mobile")  # fmt: skip
