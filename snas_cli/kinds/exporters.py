"""Exporters: formats that a trained network can be written in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np
    from torch import nn


@dataclass(frozen=True)
class ModelCard:
    """What a network must be accompanied by to be of use."""

    architecture: Mapping[str, Any]  # Genome.to_json()
    input_shape: tuple[int, int, int]  # channels, height, width
    classes: tuple[str, ...]
    mean: tuple[float, ...]  # of the training pixels, scaled to 0…1, for each channel
    std: tuple[float, ...]
    pixels: bool = False  # does it take uint8 pixels, for normalisation is part of it?


@dataclass(frozen=True)
class Sample:
    """Pictures and what they show."""

    images: np.ndarray  # N×C×H×W as the network takes them: float32 normalised, or uint8 pixels
    labels: np.ndarray  # int64 N


@dataclass(frozen=True)
class Source:
    """What an exporter writes from."""

    network: nn.Module  # on the CPU, in evaluation mode
    card: ModelCard
    training: Sample  # some hundred: ranges to quantise by come from these
    validation: Sample  # to choose between ways of writing by; never the test pictures
    model_by: Callable[[str], Path]  # the model file of another exporter, written once and shared
    opset: int = 20  # of ONNX, at least 18
    max_drop: float = 0.01  # of accuracy, that is acceptable
    shared: dict[str, Any] = field(default_factory=dict)  # what exporters keep for each other


@dataclass(frozen=True)
class Written:
    """What an exporter wrote."""

    files: list[Path]  # the model first
    remarks: tuple[str, ...] = ()  # sentences on what was tried, for people to read


Runtime = Callable[["np.ndarray"], "np.ndarray"]
"""An exported network, loaded: images N×C×H×W as its network takes them (float32 normalised, or
uint8 where its card says pixels) to logits N×classes, float32."""


class Exporter(ABC):
    """A format that a trained network can be written in."""

    name: ClassVar[str]
    summary: ClassVar[str]
    suffix: ClassVar[str] = ""  # of the model file, such as .onnx
    lossless: ClassVar[bool] = True  # must logits be equal but for rounding?
    imports: ClassVar[tuple[str, ...]] = ()  # libraries that `load` needs and that are slow to
    # import: once for all formats that are checked together

    @abstractmethod
    def write(self, source: Source, folder: Path) -> Written:
        """Writes the network into `folder`, which exists. Raises ExportError."""

    @abstractmethod
    def load(self, model: Path) -> Runtime:
        """Loads what `write` wrote in the runtime that will serve it, to be compared, on one
        thread. Raises ExportError where the file is missing or damaged, and NotRunHereError where
        this machine has nothing that can run the format."""

    def example(self, card: ModelCard) -> str | None:
        """The source of a script, `python predict_NAME.py PHOTO`, that lies beside the model and
        needs its runtime, numpy and Pillow alone: it prints the five likeliest classes with their
        probabilities. None where the model is such a script itself."""
        return None

    def available(self) -> str | None:
        """None, or what to install: pip install 'snas[mobile]'."""
        return None
