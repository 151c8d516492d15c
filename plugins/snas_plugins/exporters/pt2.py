"""PT2: the archive of torch.export, for torch itself, its compilers and AOTInductor."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from snas_cli.api import Exporter, ExportError, ModelCard, Runtime, Source, Written, hookimpl

if TYPE_CHECKING:
    import numpy as np

CARD = "card.json"  # in the file's `extra` folder


class Pt2(Exporter):
    """The graph of ATen operators with its weights, for batches of any size."""

    name = "pt2"
    suffix = ".pt2"
    summary = "one file by torch.export, for torch 2 and its compilers"
    imports = ("torch",)

    def write(self, source: Source, folder: Path) -> Written:
        import torch

        from snas_plugins.exporters._example_script import card_as_json
        from snas_plugins.exporters._tracing import failures, recorded

        written = BytesIO()
        with failures(self.name):
            program = recorded(source)
            torch.export.save(program, written, extra_files={CARD: card_as_json(source.card)})
        path = folder / "model.pt2"
        path.write_bytes(written.getvalue())
        return Written([path])

    def load(self, model: Path) -> Runtime:
        import torch

        try:
            network = torch.export.load(model).module()
        except (BadZipFile, LookupError, OSError, RuntimeError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise ExportError(f"{model}: torch cannot load it: {reason}") from error

        def run(images: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                logits: np.ndarray = network(torch.from_numpy(images)).numpy()
            return logits

        return run

    def example(self, card: ModelCard) -> str:
        from snas_plugins.exporters._example_script import Runner, script

        return script(
            Runner(
                format=self.name,
                model="model.pt2",
                packages="torch",
                imports="import torch",
                constants="",
                load="""\
    texts = {"card.json": ""}
    network = torch.export.load(MODEL, extra_files=texts).module()
    return network, json.loads(texts["card.json"])""",
                call="""\
    with torch.inference_mode():
        return network(torch.from_numpy(images))[0].numpy()""",
            )
        )


@hookimpl
def snas_register_exporters() -> list[Exporter]:
    return [Pt2()]
