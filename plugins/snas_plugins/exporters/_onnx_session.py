"""ONNX Runtime: loading a model, and the script that serves it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime import InferenceSession
from onnxruntime.capi import onnxruntime_pybind11_state as failures

from snas_cli.api import ExportError, Runtime
from snas_plugins.exporters._example_script import Runner

UNUSABLE = (
    failures.Fail,
    failures.InvalidArgument,
    failures.InvalidGraph,
    failures.InvalidProtobuf,
    failures.NoSuchFile,
    failures.NotImplemented,
)


def session(model: Path) -> InferenceSession:
    """On one thread that does not spin, so that two sessions can be timed side by side."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except UNUSABLE as error:
        raise ExportError(f"{model}: ONNX Runtime cannot load it: {error}") from error


def runtime(model: Path) -> Runtime:
    served = session(model)

    def run(images: np.ndarray) -> np.ndarray:
        logits: np.ndarray
        (logits,) = served.run(["logits"], {"images": images})
        return logits

    return run


def runner(name: str, model: str) -> Runner:
    return Runner(
        format=name,
        model=model,
        packages="onnxruntime",
        imports="import onnxruntime",
        constants="",
        load="""\
    session = onnxruntime.InferenceSession(str(MODEL), providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    names = ("input_shape", "classes", "mean", "std", "pixels")
    return session, {name: json.loads(metadata[name]) for name in names}""",
        call="""\
    ((logits,),) = network.run(["logits"], {"images": images})
    return logits""",
    )
