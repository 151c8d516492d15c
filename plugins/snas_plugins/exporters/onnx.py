"""ONNX: one file with weights and metadata, for ONNX Runtime and everything else that reads it."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from copy import deepcopy
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from snas_cli.api import Exporter, ExportError, ModelCard, Runtime, hookimpl

if TYPE_CHECKING:
    import numpy as np
    from onnx import ModelProto
    from onnxruntime import InferenceSession
    from torch import nn

OPSET = 20


class Onnx(Exporter):
    """`images`, batch×C×H×W, to `logits`, batch×classes, for batches of any size."""

    name = "onnx"
    summary = "one file for ONNX Runtime, with what is needed to use it in its metadata"

    def write(self, network: nn.Module, card: ModelCard, folder: Path) -> list[Path]:
        import onnx

        model = _converted(network, card.input_shape)
        _strip_provenance(model)
        onnx.helper.set_model_props(model, _metadata(card))
        path = folder / "model.onnx"
        onnx.save(model, path)
        return [path]

    def load(self, model: Path) -> Runtime:
        session = _session(model)

        def run(images: np.ndarray) -> np.ndarray:
            logits: np.ndarray
            (logits,) = session.run(["logits"], {"images": images})
            return logits

        return run


def _converted(network: nn.Module, input_shape: tuple[int, int, int]) -> ModelProto:
    import torch

    # Two images: torch.export takes an axis of length 1 for a constant.
    example = torch.zeros(2, *input_shape)
    try:
        with _quiet():
            program = torch.onnx.export(
                deepcopy(network).cpu(),
                (example,),
                dynamo=True,
                external_data=False,
                opset_version=OPSET,
                dynamic_shapes=({0: "batch"},),
                input_names=["images"],
                output_names=["logits"],
                verbose=False,
            )
    except RuntimeError as error:  # every step of the exporter raises a kind of it
        raise ExportError(f"onnx: {_reason(error)}") from error
    return cast("torch.onnx.ONNXProgram", program).model_proto  # None is for dynamo=False


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the exporter's warnings, its log and its printed graphs from the terminal: what it
    cannot do it also raises."""
    threshold = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(threshold)


def _reason(error: BaseException) -> str:
    """Which step failed, and the first line of what lies at the bottom of it."""
    step = str(error).partition(". ")[0]
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    bottom = str(cause).partition("\n")[0]
    return step if cause is error else f"{step}: {bottom}"


def _strip_provenance(message: Any) -> None:
    """Clears what the exporter notes on every part of the model: its stack traces name the files
    and the lines of code that the network was built by."""
    for field, value in message.ListFields():
        if field.name in ("metadata_props", "doc_string"):
            message.ClearField(field.name)
        elif field.message_type is not None:
            for part in [value] if hasattr(value, "ListFields") else value:
                _strip_provenance(part)


def _metadata(card: ModelCard) -> dict[str, str]:
    return {
        "architecture": json.dumps(card.architecture),
        "classes": json.dumps(card.classes, ensure_ascii=False),
        "mean": json.dumps(card.mean),
        "std": json.dumps(card.std),
        "input_shape": json.dumps(card.input_shape),
        "producer": f"snas {version('snas')}",
    }


def _session(model: Path) -> InferenceSession:
    """On one thread that does not spin, so that two sessions can be timed side by side."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except (
        failures.Fail,
        failures.InvalidArgument,
        failures.InvalidGraph,
        failures.InvalidProtobuf,
        failures.NoSuchFile,
        failures.NotImplemented,
    ) as error:
        raise ExportError(f"{model}: ONNX Runtime cannot load it: {error}") from error


@hookimpl
def snas_register_exporters() -> list[Exporter]:
    return [Onnx()]
