"""Batches: indexed, augmented and normalised as whole tensors."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from snas_cli.data.store import ImageSet
from snas_cli.data.task_data import TaskData
from snas_cli.recipe.schema import TrainingSettings
from snas_cli.training.augmentation import Augmentation

Batch = tuple[Tensor, Tensor]  # float32 N×C×H×W, normalised; int64 N, or shares float32 N×classes

JUDGED_PIXELS = 512 * 64 * 64  # at once, so that large pictures need no more memory than training


class Normaliser:
    """uint8 pictures to float32 with mean 0 and deviation 1 in each channel."""

    def __init__(self, data: TaskData) -> None:
        device = data.device
        mean = torch.tensor(data.mean, device=device).view(1, -1, 1, 1)
        std = torch.tensor(data.std, device=device).view(1, -1, 1, 1)
        self._scale, self._shift = 1 / (255 * std), -mean / std

    def __call__(self, images: Tensor) -> Tensor:
        scaled = images.to(torch.float32).mul_(self._scale).add_(self._shift)
        if images.shape[1] == 1:  # contiguous() would leave it: the order is the same in memory
            return scaled.squeeze(1).unsqueeze(-1).permute(0, 3, 1, 2)
        return scaled.contiguous(memory_format=torch.channels_last)


def training_batches(
    data: TaskData, settings: TrainingSettings, generator: torch.Generator
) -> Iterator[Batch]:
    """One epoch in a random order."""
    normalise = Normaliser(data)
    augmentation = Augmentation(settings.augmentation, data)
    order = _order(data, settings, generator).to(data.device)
    groups = torch.split(order, settings.batch_size)[: batches_per_epoch(data, settings)]
    for images, labels in data.train.batches(groups):
        changed = augmentation.change(images, generator)  # uint8
        yield augmentation.mix(normalise(changed), labels, generator)


def batches_per_epoch(data: TaskData, settings: TrainingSettings) -> int:
    """A last batch of one picture is left out, for batch norm cannot take it."""
    pictures, size = len(data.train), settings.batch_size
    count = math.ceil(pictures / size)
    if count > 1 and pictures % size == 1:
        count -= 1
    return min(count, settings.max_batches or count)


def part_of_epoch(data: TaskData, settings: TrainingSettings) -> float:
    """How much of the pictures an epoch goes over, where `max_batches` ends it early."""
    whole = settings.model_copy(update={"max_batches": None})
    return batches_per_epoch(data, settings) / batches_per_epoch(data, whole)


def plain_batches(images: ImageSet, data: TaskData) -> Iterator[Batch]:
    """All pictures in their order, as they are."""
    normalise = Normaliser(data)
    _, height, width = data.task.input_shape
    size = min(max(JUDGED_PIXELS // (height * width), 1), 512)
    for pictures, labels in images.in_order(size):
        yield normalise(pictures), labels


def class_weights(data: TaskData) -> Tensor:
    """Inverse to the number of training pictures, 1 in the mean: float32, classes."""
    counts = torch.bincount(data.train.labels, minlength=len(data.classes))
    weights = 1 / counts.clamp(min=1)
    return weights / weights.mean()


def _order(data: TaskData, settings: TrainingSettings, generator: torch.Generator) -> Tensor:
    """Places in the training set: all once, or as many drawn so that classes are equally
    likely."""
    count = len(data.train)
    if settings.balance != "sampling":
        return torch.randperm(count, generator=generator)
    weights = class_weights(data)[data.train.labels].cpu()
    return torch.multinomial(weights, count, replacement=True, generator=generator)
