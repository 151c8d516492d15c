"""What exporters write from: a network, the pictures it is tried on, and each other's files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from snas_cli.api import Exporter, ExportError, ModelCard, Sample, Source


class Preprocessed(nn.Module):
    """A network that takes uint8 pixels N×C×H×W and normalises them itself."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, card: ModelCard) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(card.mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(card.std).view(1, -1, 1, 1))
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        images = (pixels.to(torch.float32) / 255 - self.mean) / self.std
        logits: Tensor = self.network(images)
        return logits


def bare_source(network: nn.Module, card: ModelCard) -> Source:
    """For formats that need neither pictures nor each other."""
    dtype = np.uint8 if card.pixels else np.float32
    none = Sample(np.zeros((0, *card.input_shape), dtype), np.zeros(0, np.int64))

    def refuse(name: str) -> Path:
        raise ExportError(f"there is no file of the format {name!r} to write this one from")

    return Source(network, card, none, none, refuse)


class Shared:
    """Writes the model of a format when it is first asked for, and hands out the same file, or the
    same reason why there is none, ever after."""

    def __init__(self, write: Callable[[str], Path]) -> None:
        self._write = write
        self._models: dict[str, Path | ExportError] = {}

    def __call__(self, name: str) -> Path:
        if name not in self._models:
            try:
                self._models[name] = self._write(name)
            except ExportError as error:
                self._models[name] = error
        model = self._models[name]
        if isinstance(model, ExportError):
            raise ExportError(str(model))
        return model


def available(exporters: Mapping[str, Exporter]) -> tuple[list[Exporter], dict[str, str]]:
    """Those that can write here, and what the others need installed."""
    missing = {name: each.available() for name, each in exporters.items()}
    able = [each for name, each in exporters.items() if missing[name] is None]
    return able, {name: need for name, need in missing.items() if need is not None}
