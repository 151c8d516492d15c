"""Example scripts that lie beside exported models: read a picture, run the model, name classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from string import Template

from snas_cli.api import ModelCard


@dataclass(frozen=True)
class Runner:
    """What one format's script has that no other's has."""

    format: str
    model: str  # the name of its file
    packages: str  # what pip installs to run it
    imports: str
    constants: str  # code; may be empty
    load: str  # the body of load(): from MODEL to the card, a dict, and something to call
    call: str  # the body of logits_of(network, images): from a batch of one to its logits
    standard: str = ""  # what the script imports of Python itself


def script(runner: Runner) -> str:
    return TEMPLATE.substitute(vars(runner)).replace("\n\n\n\n", "\n\n\n")


def card_as_json(card: ModelCard) -> str:
    return json.dumps(vars(card) | {"architecture": dict(card.architecture)}, ensure_ascii=False)


TEMPLATE = Template('''\
"""Names the five likeliest classes of a picture, by the network in $model beside this file.

    pip install $packages numpy pillow
    python predict_$format.py PICTURE
"""

import json
import sys
${standard}from pathlib import Path

import numpy as np
$imports
from PIL import Image, ImageOps

MODEL = Path(__file__).resolve().with_name("$model")
$constants

def load():
    """The network, and its card: what its pictures must be like and what its classes are."""
$load


def logits_of(network, images):
    """A batch of one to the scores of its classes."""
$call


def read(path: str, card: dict) -> np.ndarray:
    """A picture as a batch of one, prepared as those that the network was trained on."""
    channels, height, width = card["input_shape"]
    with Image.open(path) as file:
        picture = ImageOps.exif_transpose(file)
    if picture.mode.startswith(("I", "F")):
        sys.exit(f"{path}: more than 8 bits a channel; save it with 8")
    if picture.has_transparency_data:
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture.convert("RGBA"))
    picture = picture.convert("L" if channels == 1 else "RGB")
    picture = picture.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3)
    pixels = np.asarray(picture).reshape(1, height, width, channels).transpose(0, 3, 1, 2)
    if card["pixels"]:  # the network normalises them itself
        return np.ascontiguousarray(pixels)
    mean, std = (np.reshape(card[name], (1, -1, 1, 1)) for name in ("mean", "std"))
    return np.ascontiguousarray((pixels / 255 - mean) / std, np.float32)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python predict_$format.py PICTURE")
    network, card = load()
    logits = logits_of(network, read(sys.argv[1], card))
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    for index in np.argsort(-shares)[:5]:
        print(f"{shares[index]:6.1%}  {card['classes'][index]}")
''')
