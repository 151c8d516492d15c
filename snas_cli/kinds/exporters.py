"""Exporters: formats that a trained network can be written in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


Runtime = Callable[["np.ndarray"], "np.ndarray"]
"""An exported network, loaded: float32 images N×C×H×W, normalised, to logits N×classes."""


class Exporter(ABC):
    """A format that a trained network can be written in."""

    name: ClassVar[str]
    summary: ClassVar[str]

    @abstractmethod
    def write(self, network: nn.Module, card: ModelCard, folder: Path) -> list[Path]:
        """Writes `network`, which is in evaluation mode, into `folder`, which exists, and returns
        the files, the model first. Raises ExportError."""

    @abstractmethod
    def load(self, model: Path) -> Runtime:
        """Loads what `write` wrote in the runtime that will serve it, to be compared. Raises
        ExportError where the file is missing or damaged."""
