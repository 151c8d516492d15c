"""Python: the network as a module that needs nothing but torch, its weights beside it."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from snas_cli.api import Exporter, ExportError, ModelCard, Runtime, Source, Written, hookimpl

if TYPE_CHECKING:
    import numpy as np

MODES = {1: "L", 3: "RGB"}  # what Pillow calls pictures of so many channels


class Python(Exporter):
    """model.py, to be read and built upon, with model.safetensors and labels.txt beside it."""

    name = "python"
    suffix = ".py"
    summary = "readable source that needs torch alone, with weights in safetensors"
    imports = ("torch",)

    def write(self, source: Source, folder: Path) -> Written:
        from safetensors.torch import save

        from snas_plugins.exporters._fx_source import code_of

        card = source.card
        labels = _lines(card.classes)
        code = code_of(source.network, card)
        text = TEMPLATE.substitute(
            _constants(card),
            layers="\n".join(code.layers),
            forward="\n".join(code.forward),
        )
        files = [folder / name for name in ("model.py", "model.safetensors", "labels.txt")]
        files[0].write_text(text, encoding="utf-8", newline="\n")
        files[1].write_bytes(save(code.weights))  # save_file() lets no one else read it
        files[2].write_text(labels, encoding="utf-8", newline="\n")
        return Written(files)

    def load(self, model: Path) -> Runtime:
        import torch
        from safetensors import SafetensorError

        try:
            # Unlike an import, this leaves nothing in sys.modules and no __pycache__ on the disk.
            with torch.random.fork_rng(devices=[]):
                network = runpy.run_path(str(model))["load"]()
        except (OSError, RuntimeError, SafetensorError) as error:
            raise ExportError(f"{model}: torch cannot load it: {error}") from error

        def run(images: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                logits: np.ndarray = network(torch.tensor(images)).numpy()
            return logits

        return run


def _lines(classes: tuple[str, ...]) -> str:
    text = "".join(f"{name}\n" for name in classes)
    if text.splitlines() != list(classes):
        raise ExportError("python: a class has a line break in its name; labels.txt can't hold it")
    return text


def _constants(card: ModelCard) -> dict[str, Any]:
    channels, height, width = card.input_shape
    if channels not in MODES:
        raise ExportError(f"python: pictures of {channels} channels; can write 1 (grey) or 3 (RGB)")
    return {
        "architecture": _in_docstring("\n".join(_outline(card.architecture, "    "))),
        "classes": len(card.classes),
        "size": f"{channels}×{height}×{width}",
        "input_shape": card.input_shape,
        "mode": MODES[channels],
        **(_OF_PIXELS if card.pixels else _of_normalised(card)),
    }


# Where the network takes pixels, it normalises them itself.
_OF_PIXELS = {
    "constants": "",
    "images": "Images of uint8 pixels",
    "batch": "    return pixels.view(1, height, width, channels).permute(0, 3, 1, 2).contiguous()",
}


def _of_normalised(card: ModelCard) -> dict[str, str]:
    return {
        "constants": "# Of each channel, where pixels go from 0 to 1:\n"
        f"MEAN = {card.mean}\nSTD = {card.std}\n",
        "images": "Normalised images",
        "batch": """\
    image = pixels.view(height, width, channels).permute(2, 0, 1) / 255
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (MEAN, STD))
    return ((image - mean) / std).unsqueeze(0)""",
    }


def _outline(value: Mapping[str, Any], margin: str) -> Iterator[str]:
    """A line for each gene and for each layer."""
    for name, part in value.items():
        if isinstance(part, Mapping):
            yield f"{margin}{name}:"
            yield from _outline(part, margin + "    ")
        elif isinstance(part, list | tuple):
            yield f"{margin}{name}:"
            yield from (f"{margin}    {_plain(item)}" for item in part)
        else:
            yield f"{margin}{name}: {_plain(part)}"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items())
    return value if isinstance(value, str) else json.dumps(value)


def _in_docstring(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', r"\"\"\"")


TEMPLATE = Template('''\
"""An image classifier that snas found: images of $size pixels to $classes classes.

    python model.py PICTURE

names the five likeliest classes of a picture. The architecture:

$architecture
"""

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

FOLDER = Path(__file__).resolve().parent
LABELS = (FOLDER / "labels.txt").read_text(encoding="utf-8").splitlines()
INPUT_SHAPE = $input_shape  # channels, height, width
$constants

class Network(nn.Module):
    """$images, N×$size, to logits, N×$classes.

    It is the network as it classifies: dropout, which acts in training alone, is left out.
    """

    def __init__(self) -> None:
        super().__init__()
$layers

    def forward(self, images: Tensor) -> Tensor:
$forward


def load() -> Network:
    """The trained network, in evaluation mode."""
    from safetensors.torch import load_file

    network = Network()
    network.load_state_dict(load_file(FOLDER / "model.safetensors"))
    return network.eval()


def read(path: str) -> Tensor:
    """A picture as a batch of one, prepared as those that the network was trained on."""
    from PIL import Image, ImageOps

    channels, height, width = INPUT_SHAPE
    with Image.open(path) as file:
        picture = ImageOps.exif_transpose(file)
    if picture.mode.startswith(("I", "F")):
        sys.exit(f"{path}: more than 8 bits a channel; save it with 8")
    if picture.has_transparency_data:
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture.convert("RGBA"))
    picture = picture.convert("$mode")
    picture = picture.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3)
    pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
$batch


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python model.py PICTURE")
    with torch.inference_mode():
        probabilities = load()(read(sys.argv[1])).softmax(1)[0]
    best = probabilities.topk(min(5, len(LABELS)))
    for probability, index in zip(best.values.tolist(), best.indices.tolist()):
        print(f"{probability:6.1%}  {LABELS[index]}")
''')


@hookimpl
def snas_register_exporters() -> list[Exporter]:
    return [Python()]
