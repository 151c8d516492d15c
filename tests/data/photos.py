"""Made-up photographs in class folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image


def greys(folder: Path, classes: Sequence[str] = ("cat", "dog"), count: int = 8) -> Path:
    """12×12, each in a grey of its own."""
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            Image.new("L", (12, 12), 100 * label + 7 * i).save(folder / name / f"{i}.png")
    return folder


def colours(
    folder: Path, classes: Sequence[str] = ("class 0", "class 1", "class 2"), count: int = 8
) -> Path:
    """Of various sizes, each class of its own colour."""
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            colour = (label * 90 + i, 255 - label * 60, i * 8)
            Image.new("RGB", (20 + i, 24), colour).save(folder / name / f"{i}.png")
    return folder
