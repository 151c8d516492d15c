"""Static quantisation of an ONNX model: ways to do it, tried on validation pictures in turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from snas_cli.api import ExportError, Sample, Source
from snas_plugins.exporters._onnx_session import UNUSABLE, runtime
from snas_plugins.exporters._silence import quiet

BATCH = 32
LAYERS = ("Conv", "Gemm", "MatMul")  # they have the weights, and nearly all of the time
GROUPS = 8  # in which layers are left in float, to see how much each harms: bounds the tries


@dataclass(frozen=True)
class Way:
    """One way to quantise."""

    label: str
    weights: QuantType = QuantType.QInt8
    in_float: tuple[str, ...] = ()  # names of nodes


@dataclass(frozen=True)
class Attempt:
    """What a way came to on the validation pictures."""

    way: Way
    model: bytes = field(repr=False)
    accuracy: float
    error: float  # mean absolute difference from the float logits


# On x86 without VNNI, signed weights of 8 bits saturate where two products are added in 16 bits: 7
# bits are the cure (onnxruntime.ai, "Quantize ONNX models"). Unsigned ones do not saturate.
SIGNED = Way("7-bit signed weights")
UNSIGNED = Way("8-bit unsigned weights", QuantType.QUInt8)


class Quantiser:
    """Quantises one model in several ways."""

    def __init__(self, source: Source, folder: Path) -> None:
        self.source = source
        self.folder = folder
        self.original = source.model_by("onnx")
        self.prepared = folder / "prepared.onnx"
        self.ranges = folder / "ranges.json"  # of activations, which are the same for all ways
        with quiet():
            quant_pre_process(self.original, self.prepared, skip_symbolic_shape=True)
        self.expected = _logits(self.original, source.validation)
        self.accuracy = _accuracy(self.expected, source.validation)

    def attempt(self, way: Way) -> Attempt:
        path = self.folder / "quantised.onnx"
        with quiet():
            quantize_static(
                self.prepared,
                path,
                _Pictures(self.source.training.images),
                per_channel=True,
                reduce_range=way.weights == QuantType.QInt8,
                activation_type=QuantType.QUInt8,
                weight_type=way.weights,
                nodes_to_exclude=list(way.in_float),
                calibration_cache_path=self.ranges,  # written by the first way, read by the others
            )
        model = self._with_metadata(path)
        logits = _logits(path, self.source.validation)
        accuracy = _accuracy(logits, self.source.validation)
        return Attempt(way, model, accuracy, float(np.abs(logits - self.expected).mean()))

    def _with_metadata(self, path: Path) -> bytes:
        model = onnx.load(path)
        metadata = {each.key: each.value for each in onnx.load(self.original).metadata_props}
        onnx.helper.set_model_props(model, metadata)
        serialised: bytes = model.SerializeToString()
        return serialised

    def is_good(self, attempt: Attempt) -> bool:
        return self.accuracy - attempt.accuracy <= self.source.max_drop

    def groups(self) -> list[tuple[str, ...]]:
        """The layers in the order of the graph, in GROUPS parts of about the same length."""
        nodes = onnx.load(self.prepared).graph.node
        names = [node.name for node in nodes if node.op_type in LAYERS]
        parts = np.array_split(np.array(names, dtype=object), min(GROUPS, len(names)) or 1)
        return [tuple(part) for part in parts if len(part)]


def quantised(source: Source) -> tuple[Attempt, tuple[str, ...]]:
    """The first way that keeps the accuracy, or the best one, and what each that was tried came to.
    Raises ExportError."""
    with TemporaryDirectory() as folder:
        try:
            quantiser = Quantiser(source, Path(folder))
            attempts: list[Attempt] = []
            for attempt in _attempts(quantiser):
                attempts.append(attempt)
                if quantiser.is_good(attempt):
                    break
        except (*UNUSABLE, RuntimeError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise ExportError(f"quantized: ONNX Runtime cannot quantise it: {reason}") from error
    best = max(attempts, key=lambda attempt: (attempt.accuracy, -attempt.error))
    return best, tuple(_remarks(quantiser, attempts, best))


def _attempts(quantiser: Quantiser) -> Iterator[Attempt]:
    """From the fastest network to the most exact; of the layers, the most harmful return to float
    first: those without which the logits are nearest to the float ones."""
    plain = [quantiser.attempt(SIGNED)]
    yield plain[0]
    plain.append(quantiser.attempt(UNSIGNED))
    yield plain[1]
    base = max(plain, key=lambda attempt: (attempt.accuracy, -attempt.error)).way
    groups = quantiser.groups()
    singles = [quantiser.attempt(_sparing(base, [group])) for group in groups]
    ranked = [group for _, group in sorted(zip(singles, groups, strict=True), key=_harm)]
    yield min(singles, key=lambda attempt: attempt.error)
    for count in (2, len(groups) // 2, 3 * len(groups) // 4):
        if 1 < count < len(groups):
            yield quantiser.attempt(_sparing(base, ranked[:count]))


def _harm(pair: tuple[Attempt, tuple[str, ...]]) -> float:
    return pair[0].error


def _sparing(base: Way, groups: list[tuple[str, ...]]) -> Way:
    names = tuple(name for group in groups for name in group)
    layers = "layer" if len(names) == 1 else "layers"
    return replace(base, label=f"{base.label}, {len(names)} {layers} in float", in_float=names)


def _remarks(quantiser: Quantiser, attempts: list[Attempt], best: Attempt) -> Iterator[str]:
    pictures = len(quantiser.source.validation.labels)
    for attempt in attempts:
        yield (
            f"{attempt.way.label}: {attempt.accuracy:.1%} of {pictures} validation pictures right,"
            f" {quantiser.accuracy:.1%} in float{'; taken' * (attempt is best)}"
        )


class _Pictures(CalibrationDataReader):  # type: ignore[misc]  # it is untyped
    def __init__(self, images: np.ndarray) -> None:
        self.batches = iter(_batches(images))

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self.batches, None)
        return None if batch is None else {"images": batch}


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]


def _logits(model: Path, sample: Sample) -> np.ndarray:
    run = runtime(model)
    return np.concatenate([run(batch) for batch in _batches(sample.images)])


def _accuracy(logits: np.ndarray, sample: Sample) -> float:
    return float((logits.argmax(1) == sample.labels).mean())
