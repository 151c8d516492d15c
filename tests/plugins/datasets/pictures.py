"""Small pictures in files, for the tests of data sets that read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from snas_cli.api import LabelledImages, Pictures, Split


def save(path: Path, value: int = 0, size: int = 9) -> Path:
    """A plain grey picture, in folders that are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (size, size), value).save(path)
    return path


def value(split: Split, index: int) -> int:
    """The grey of a picture that `save` has made."""
    assert isinstance(split.images, Pictures)
    with split.images.open(index) as picture:
        return int(np.asarray(picture)[0, 0])


def table(data: LabelledImages, split: str = "train") -> list[tuple[str, str]]:
    """What each picture is called, with the name of its class."""
    part = getattr(data, split)
    names = [part.images.describe(i) for i in range(len(part.images))]
    return [(name, data.classes[label]) for name, label in zip(names, part.labels, strict=True)]
