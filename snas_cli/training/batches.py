"""Batches: indexed, augmented and normalised as whole tensors."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from snas_cli.data.decoding import ImageSet
from snas_cli.data.task_data import TaskData

Batch = tuple[Tensor, Tensor]  # float32 N×C×H×W, normalised; int64 N


class Normaliser:
    """uint8 pictures to float32 with mean 0 and deviation 1 in each channel."""

    def __init__(self, data: TaskData) -> None:
        device = data.train.images.device
        mean = torch.tensor(data.mean, device=device).view(1, -1, 1, 1)
        std = torch.tensor(data.std, device=device).view(1, -1, 1, 1)
        self._scale, self._shift = 1 / (255 * std), -mean / std

    def __call__(self, images: Tensor) -> Tensor:
        scaled = images.to(torch.float32).mul_(self._scale).add_(self._shift)
        return scaled.contiguous(memory_format=torch.channels_last)


def training_batches(data: TaskData, size: int, generator: torch.Generator) -> Iterator[Batch]:
    """One epoch in a random order. A last batch of one picture is left out, for batch norm cannot
    take it."""
    normalise = Normaliser(data)
    device = data.train.images.device
    order = torch.randperm(len(data.train), generator=generator).to(device)
    for index in torch.split(order, size):
        if len(index) == 1 < len(order):
            continue
        images = data.train.images[index]
        if data.augment:
            images = shift(images, generator)
        if data.augment and data.flip:
            images = flip(images, generator)
        yield normalise(images), data.train.labels[index]


def plain_batches(images: ImageSet, data: TaskData, size: int = 512) -> Iterator[Batch]:
    """All pictures in their order, as they are."""
    normalise = Normaliser(data)
    for start in range(0, len(images), size):
        yield normalise(images.images[start : start + size]), images.labels[start : start + size]


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
