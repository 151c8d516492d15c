"""Quantized: ONNX with weights and activations of 8 bits, a quarter of the size."""

from __future__ import annotations

from pathlib import Path

from snas_cli.api import Exporter, ModelCard, Runtime, Source, Written, hookimpl


class Quantized(Exporter):
    """Static quantisation; where that costs more accuracy than is allowed, with layers in float."""

    name = "quantized"
    suffix = ".onnx"
    summary = "8-bit ONNX, ranges from training pictures, judged on validation pictures"
    lossless = False

    def write(self, source: Source, folder: Path) -> Written:
        from snas_plugins.exporters._quantising import quantised

        attempt, remarks = quantised(source)
        path = folder / "model.onnx"
        path.write_bytes(attempt.model)
        return Written([path], remarks)

    def load(self, model: Path) -> Runtime:
        from snas_plugins.exporters._onnx_session import runtime

        return runtime(model)

    def example(self, card: ModelCard) -> str:
        from snas_plugins.exporters._example_script import script
        from snas_plugins.exporters._onnx_session import runner

        return script(runner(self.name, "model.onnx"))


@hookimpl
def snas_register_exporters() -> list[Exporter]:
    return [Quantized()]
