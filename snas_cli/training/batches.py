"""Batches: indexed, augmented and normalised as whole tensors."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from snas_cli.data.store import ImageSet
from snas_cli.data.task_data import TaskData
from snas_cli.recipe.schema import TrainingSettings

Batch = tuple[Tensor, Tensor]  # float32 N×C×H×W, normalised; int64 N


class Normaliser:
    """uint8 pictures to float32 with mean 0 and deviation 1 in each channel."""

    def __init__(self, data: TaskData) -> None:
        device = data.device
        mean = torch.tensor(data.mean, device=device).view(1, -1, 1, 1)
        std = torch.tensor(data.std, device=device).view(1, -1, 1, 1)
        self._scale, self._shift = 1 / (255 * std), -mean / std

    def __call__(self, images: Tensor) -> Tensor:
        scaled = images.to(torch.float32).mul_(self._scale).add_(self._shift)
        return scaled.contiguous(memory_format=torch.channels_last)


def training_batches(
    data: TaskData, settings: TrainingSettings, generator: torch.Generator
) -> Iterator[Batch]:
    """One epoch in a random order. A last batch of one picture is left out, for batch norm cannot
    take it."""
    normalise = Normaliser(data)
    order = torch.randperm(len(data.train), generator=generator).to(data.device)
    flipped = data.mirrored if settings.augmentation.flip is None else settings.augmentation.flip
    groups = torch.split(order, settings.batch_size)
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups = groups[:-1]
    for images, labels in data.train.batches(groups):
        if settings.augmentation.shift:
            images = shift(images, generator)  # noqa: PLW2901
        if flipped:
            images = flip(images, generator)  # noqa: PLW2901
        yield normalise(images), labels


def plain_batches(images: ImageSet, data: TaskData, size: int = 512) -> Iterator[Batch]:
    """All pictures in their order, as they are."""
    normalise = Normaliser(data)
    for pictures, labels in images.in_order(size):
        yield normalise(pictures), labels


def shift(images: Tensor, generator: torch.Generator) -> Tensor:
    """Moves each picture by up to an eighth of its side; the border is repeated."""
    count, _, height, width = images.shape
    reach = max(min(height, width) // 8, 1)
    moves = torch.randint(-reach, reach + 1, (2, count, 1), generator=generator)
    moves = moves.to(images.device)
    rows = (torch.arange(height, device=images.device) + moves[0]).clamp_(0, height - 1)  # N×H
    columns = (torch.arange(width, device=images.device) + moves[1]).clamp_(0, width - 1)  # N×W
    pictures = torch.arange(count, device=images.device)[:, None, None]
    # The channels come last behind the three index arrays and go back to their place.
    return images.permute(0, 2, 3, 1)[pictures, rows[:, :, None], columns[:, None, :]].permute(
        0, 3, 1, 2
    )


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirrors each picture, left to right, with a chance of one half."""
    chosen = torch.rand(len(images), generator=generator).to(images.device) < 0.5
    return torch.where(chosen[:, None, None, None], images.flip(3), images)
