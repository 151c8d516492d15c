"""Core ML: a model package for Apple's devices; written anywhere, run only there."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from snas_cli.api import Exporter, ModelCard, NotRunHereError, Runtime, Source, Written, hookimpl


class CoreMl(Exporter):
    """An ML program in full precision. It was never run on the machine that wrote it."""

    name = "coreml"
    suffix = ".mlpackage"
    summary = "a package for iOS and macOS, which alone can check it"

    def write(self, source: Source, folder: Path) -> Written:
        from snas_plugins.exporters._core_ml import write

        return Written([write(source, folder / "model.mlpackage")])

    def load(self, model: Path) -> Runtime:
        raise NotRunHereError("only macOS and iOS can run it")

    def example(self, card: ModelCard) -> str:
        from snas_plugins.exporters._example_script import Runner, script

        return script(
            Runner(
                format=self.name,
                model="model.mlpackage",
                packages="coremltools",
                imports="from coremltools.models import MLModel",
                constants="",
                load="""\
    model = MLModel(str(MODEL))
    return model, json.loads(model.user_defined_metadata["card"])""",
                call="""\
    pictures = images.astype(np.float32)
    return network.predict({"images": pictures})["logits"][0]""",
            )
        )

    def available(self) -> str | None:
        return None if find_spec("coremltools") else "pip install 'snas[coreml]'"


@hookimpl
def snas_register_exporters() -> list[Exporter]:
    return [CoreMl()]
