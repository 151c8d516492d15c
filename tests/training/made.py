"""Small data made up for tests of training: classes that a network can tell apart at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from snas_cli.data.decoding import Form
from snas_cli.data.store import Decoded, ImageSet
from snas_cli.data.task_data import Source, TaskData

GENES = {"learning_rate": 0.01, "optimizer": "sgd"}


def task_data(
    counts: Sequence[int] = (40, 40, 40), *, channels: int = 3, mirrored: bool | None = True
) -> TaskData:
    """So many 8×8 pictures of each class in each split; a class is a level of brightness."""
    labels = torch.cat([torch.full((count,), label) for label, count in enumerate(counts)])
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 60, (len(labels), channels, 8, 8), generator=generator)
    images = (noise + 60 * labels.view(-1, 1, 1, 1)).to(torch.uint8)
    pictures = ImageSet(Decoded(images, Form(channels, 8)), torch.arange(len(labels)), labels)
    classes = tuple("abcdefgh"[: len(counts)])
    mean, std = (0.4,) * channels, (0.2,) * channels
    source = Source(parts=(), bad={})
    return TaskData(classes, pictures, pictures, pictures, mean, std, mirrored, source)
