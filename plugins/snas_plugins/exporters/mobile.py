"""ORT: the form of an ONNX model that the small builds of ONNX Runtime on phones load."""

from __future__ import annotations

from pathlib import Path

from snas_cli.api import Exporter, ExportError, ModelCard, Runtime, Source, Written, hookimpl


class Mobile(Exporter):
    """The ONNX model as a FlatBuffer, its graph already optimised, for batches of any size."""

    name = "mobile"
    suffix = ".ort"
    summary = "one file for ONNX Runtime on Android and iOS"

    def write(self, source: Source, folder: Path) -> Written:
        import onnxruntime

        from snas_plugins.exporters._onnx_session import UNUSABLE

        path = folder / "model.ort"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors
        options.optimized_model_filepath = str(path)
        options.add_session_config_entry("session.save_model_format", "ORT")
        model = source.model_by("onnx")
        try:
            onnxruntime.InferenceSession(
                model,
                options,
                providers=["CPUExecutionProvider"],
                # It would lay weights out for this machine's processor; a phone has another.
                disabled_optimizers=["NchwcTransformer"],
            )
        except UNUSABLE as error:
            raise ExportError(f"mobile: ONNX Runtime cannot convert {model}: {error}") from error
        return Written([path])

    def load(self, model: Path) -> Runtime:
        from snas_plugins.exporters._onnx_session import runtime

        return runtime(model)

    def example(self, card: ModelCard) -> str:
        from snas_plugins.exporters._example_script import script
        from snas_plugins.exporters._onnx_session import runner

        return script(runner(self.name, "model.ort"))


@hookimpl
def snas_register_exporters() -> list[Exporter]:
    return [Mobile()]
