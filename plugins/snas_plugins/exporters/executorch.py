"""ExecuTorch: PyTorch's own runtime for phones and small devices, with XNNPACK on their CPUs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from snas_cli.api import Exporter, ExportError, ModelCard, Runtime, Source, Written, hookimpl

if TYPE_CHECKING:
    import numpy as np
    from executorch.runtime import Method as ExecuTorchMethod


class ExecuTorch(Exporter):
    """A program for one picture at a time, which is what a phone has."""

    name = "executorch"
    suffix = ".pte"
    summary = "one file for ExecuTorch on phones, one picture at a time"
    in_8_bits: ClassVar[bool] = False

    def write(self, source: Source, folder: Path) -> Written:
        from snas_plugins.exporters._lowering import program

        path = folder / "model.pte"
        path.write_bytes(program(source, self.name, in_8_bits=self.in_8_bits))
        return Written([path])

    def load(self, model: Path) -> Runtime:
        import numpy as np
        import torch

        if self.available():
            raise ExportError(f"{model}: to load it, {self.available()}")
        method = _method(model)

        def run(images: np.ndarray) -> np.ndarray:
            pictures = torch.from_numpy(np.ascontiguousarray(images))
            return np.concatenate([method.execute([each[None]])[0].numpy() for each in pictures])

        return run

    def example(self, card: ModelCard) -> str:
        from snas_plugins.exporters._example_script import Runner, script

        return script(
            Runner(
                format=self.name,
                model="model.pte",
                packages="executorch torch",
                imports="import torch\nfrom executorch.runtime import Runtime",
                constants="",
                load="""\
    program = Runtime.get().load_program(MODEL)
    (card,) = program.load_method("card").execute([])
    return program.load_method("forward"), json.loads(card)""",
                call="    return network.execute([torch.from_numpy(images)])[0].numpy()[0]",
            )
        )

    def available(self) -> str | None:
        there = all(map(find_spec, ("executorch", "torchao")))
        return None if there else "pip install 'snas[mobile]'"


def _method(model: Path) -> ExecuTorchMethod:
    """Run once, for at its first run the runtime prints what it finds out about the machine."""
    import torch

    from snas_plugins.exporters._silence import silent

    try:
        with silent():
            from executorch.runtime import Runtime as Device

            method = Device.get().load_program(model).load_method("forward")
            images = method.metadata.input_tensor_meta(0)
            kinds = {0: torch.uint8, 6: torch.float32}  # ScalarType of ExecuTorch
            method.execute([torch.zeros(images.sizes(), dtype=kinds[images.dtype()])])
    except (OSError, RuntimeError) as error:
        raise ExportError(f"{model}: ExecuTorch cannot load it: {error}") from error
    return method


class ExecuTorchInt8(ExecuTorch):
    """The same with weights and activations of 8 bits, ranges taken from training pictures."""

    name = "executorch_int8"
    summary = "8-bit ExecuTorch, one picture at a time, ranges from training pictures"
    lossless = False
    in_8_bits = True


@hookimpl
def snas_register_exporters() -> list[Exporter]:
    return [ExecuTorch(), ExecuTorchInt8()]
