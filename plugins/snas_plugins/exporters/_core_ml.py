"""Writing a Core ML package with coremltools."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from torch import nn

from snas_cli.api import ExportError, Source
from snas_plugins.exporters._example_script import card_as_json
from snas_plugins.exporters._fx_source import IDLE
from snas_plugins.exporters._silence import silent
from snas_plugins.exporters._tracing import STUMBLES, example_of


def write(source: Source, path: Path) -> Path:
    """For batches of one to 256. Raises ExportError."""
    try:
        with silent(), torch.no_grad():
            _convert(source, path)
    except (*STUMBLES, NotImplementedError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ExportError(f"coreml: the network cannot be converted: {reason}") from error
    return path


def _convert(source: Source, path: Path) -> None:
    import coremltools

    # Core ML has no input of whole numbers: pixels come as float32, 0 to 255.
    traced = torch.jit.trace(  # type: ignore[no-untyped-call]
        _without_idle(source.network), example_of(source.card, 2).float()
    )
    batch = coremltools.RangeDim(1, 256, default=1)
    shape = (batch, *source.card.input_shape)
    model = coremltools.convert(
        traced,
        inputs=[coremltools.TensorType(name="images", shape=shape, dtype=np.float32)],
        outputs=[coremltools.TensorType(name="logits")],
        convert_to="mlprogram",
        compute_precision=coremltools.precision.FLOAT32,
        skip_model_load=True,
    )
    model.user_defined_metadata["card"] = card_as_json(source.card)
    model.save(str(path))


def _without_idle(network: nn.Module) -> nn.Module:
    """A copy without the layers that act in training alone, not all of which Core ML has."""
    copy = deepcopy(network)
    for name, layer in list(copy.named_modules()):
        if name and type(layer) in IDLE:
            copy.set_submodule(name, nn.Identity())
    return copy
