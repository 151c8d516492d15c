"""TorchScript: one file that torch loads without any of the code that built the network."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from snas_cli.api import Exporter, ExportError, ModelCard, Runtime, Source, Written, hookimpl

if TYPE_CHECKING:
    import numpy as np

CARD = "card.json"  # in the file's `extra` folder


class TorchScript(Exporter):
    """A frozen trace, for batches of any size, in Python and C++ (libtorch)."""

    name = "torchscript"
    suffix = ".pt"
    summary = "one file for torch and libtorch (C++), without the network's code"
    imports = ("torch",)

    def write(self, source: Source, folder: Path) -> Written:
        import torch

        from snas_plugins.exporters._example_script import card_as_json
        from snas_plugins.exporters._tracing import example_of, failures

        written = BytesIO()
        with failures(self.name):
            traced = torch.jit.trace(  # type: ignore[no-untyped-call]
                source.network, example_of(source.card, 2)
            )
            frozen = torch.jit.freeze(traced)
            torch.jit.save(frozen, written, _extra_files={CARD: card_as_json(source.card)})
        path = folder / "model.pt"
        path.write_bytes(_without_source_lines(written))
        return Written([path])

    def load(self, model: Path) -> Runtime:
        import warnings

        import torch

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch.jit is deprecated, and says so each time
                network = torch.jit.load(  # type: ignore[no-untyped-call]
                    str(model), map_location="cpu"
                )
        except (RuntimeError, ValueError) as error:
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
                model="model.pt",
                packages="torch",
                imports="import torch",
                standard="import warnings\n",
                constants="",
                load="""\
    texts = {"card.json": ""}
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        network = torch.jit.load(MODEL, map_location="cpu", _extra_files=texts)
    return network, json.loads(texts["card.json"])""",
                call="""\
    with torch.inference_mode():
        return network(torch.from_numpy(images))[0].numpy()""",
            )
        )


def _without_source_lines(archive: BytesIO) -> bytes:
    """The archive less what is there for error messages alone: it names the files and the lines of
    code that the network was built by."""
    stripped = BytesIO()
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(stripped, "w") as new:
        for entry in old.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                new.writestr(entry, old.read(entry))
    return stripped.getvalue()


@hookimpl
def snas_register_exporters() -> list[Exporter]:
    return [TorchScript()]
