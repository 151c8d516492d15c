"""ONNX: one file with weights and metadata, for ONNX Runtime and everything else that reads it."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from snas_cli.api import Exporter, ExportError, ModelCard, Runtime, Source, Written, hookimpl

if TYPE_CHECKING:
    from onnx import ModelProto


class Onnx(Exporter):
    """`images`, batch×C×H×W, to `logits`, batch×classes, for batches of any size."""

    name = "onnx"
    suffix = ".onnx"
    summary = "one file for ONNX Runtime, with what is needed to use it in its metadata"

    def write(self, source: Source, folder: Path) -> Written:
        import onnx

        model = _converted(source)
        _check_opset(model, source.opset)
        _strip_provenance(model)
        onnx.helper.set_model_props(model, _metadata(source.card))
        path = folder / "model.onnx"
        onnx.save(model, path)
        return Written([path])

    def load(self, model: Path) -> Runtime:
        from snas_plugins.exporters._onnx_session import runtime

        return runtime(model)

    def example(self, card: ModelCard) -> str:
        from snas_plugins.exporters._example_script import script
        from snas_plugins.exporters._onnx_session import runner

        return script(runner(self.name, "model.onnx"))


def _converted(source: Source) -> ModelProto:
    import torch

    from snas_plugins.exporters._tracing import example_of, failures, recorded

    with _quiet(), failures("onnx"):
        network = recorded(source)
    try:
        with _quiet():
            program = torch.onnx.export(
                network,
                (example_of(source.card, 2),),
                dynamo=True,
                external_data=False,
                opset_version=source.opset,
                dynamic_shapes=({0: "batch"},),
                input_names=["images"],
                output_names=["logits"],
                verbose=False,
            )
    except RuntimeError as error:  # every step of the exporter raises a kind of it
        raise ExportError(f"onnx: {_reason(error)}") from error
    return cast("torch.onnx.ONNXProgram", program).model_proto  # None is for dynamo=False


def _check_opset(model: ModelProto, opset: int) -> None:
    """What torch cannot convert to an opset it leaves in another, and only logs that."""
    (written,) = (each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
    if written != opset:
        raise ExportError(f"onnx: cannot write opset {opset}, only {written}; ask for --opset 20")


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
        "pixels": json.dumps(card.pixels),
        "producer": f"snas {version('snas')}",
    }


@hookimpl
def snas_register_exporters() -> list[Exporter]:
    return [Onnx()]
