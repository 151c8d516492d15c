"""A data set made ready for training: decoded, split, measured."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from snas_cli.api import DataRequest, Dataset, LabelledImages, Task
from snas_cli.data.decoding import Form, ImageSet, decode, form_of
from snas_cli.errors import DataError
from snas_cli.recipe.schema import DataSettings


@dataclass(frozen=True)
class TaskData:
    """Everything that a search knows of its data."""

    classes: tuple[str, ...]
    train: ImageSet
    val: ImageSet
    test: ImageSet
    mean: tuple[float, ...]  # of the training pixels, scaled to 0…1, for each channel
    std: tuple[float, ...]
    augment: bool
    flip: bool

    @property
    def task(self) -> Task:
        _, channels, height, width = self.train.images.shape
        return Task((channels, height, width), len(self.classes))

    def digest(self) -> str:
        """Equal exactly if pictures, labels, classes and splits are."""
        digest = hashlib.blake2b(repr(self.classes).encode(), digest_size=16)
        for split in (self.train, self.val, self.test):
            digest.update(split.images.numpy().tobytes())
            digest.update(split.labels.numpy().tobytes())
        return digest.hexdigest()

    def to(self, device: torch.device) -> TaskData:
        """A copy whose pictures lie on `device`."""
        moved = {
            name: ImageSet(split.images.to(device), split.labels.to(device))
            for name, split in (("train", self.train), ("val", self.val), ("test", self.test))
        }
        return TaskData(self.classes, **moved, mean=self.mean, std=self.std,
                        augment=self.augment, flip=self.flip)  # fmt: skip


def prepare(dataset: Dataset, request: DataRequest, settings: DataSettings, seed: int) -> TaskData:
    """Loads, decodes and splits. Raises DataError."""
    source = dataset.load(request)
    _check(source)
    form = form_of(source, settings.image_size)
    train, val, test = _splits(source, form, settings, seed)
    mean, std = _statistics(train.images)
    flip = dataset.mirrored if settings.flip is None else settings.flip
    return TaskData(source.classes, train, val, test, mean, std, settings.augment, flip)


def _check(source: LabelledImages) -> None:
    if len(source.classes) < 2:
        raise DataError(f"a classifier needs at least 2 classes, not {len(source.classes)}")
    counts = np.bincount(np.asarray(source.train.labels), minlength=len(source.classes))
    for name, count in zip(source.classes, counts, strict=True):
        if count < 3:
            raise DataError(
                f"class {name!r} has {count} pictures to train on; it needs at least 3, for "
                "training, choosing and testing: add pictures or take the class out"
            )


def _splits(
    source: LabelledImages, form: Form, settings: DataSettings, seed: int
) -> tuple[ImageSet, ImageSet, ImageSet]:
    """Those that the data set has, and the others cut from its training pictures."""
    train = decode(source.train, form)
    rng = np.random.default_rng(seed)
    whole = len(train)
    if source.test is not None:
        test = decode(source.test, form)
    else:
        train, test = _cut(train, round(settings.test_fraction * whole), rng)
    if source.val is not None:
        val = decode(source.val, form)
    else:
        train, val = _cut(train, round(settings.val_fraction * whole), rng)
    return train, val, test


def _cut(images: ImageSet, count: int, rng: np.random.Generator) -> tuple[ImageSet, ImageSet]:
    """About `count` of the pictures go to the second part: of each class its share, but at least
    one, and never the last."""
    labels = images.labels.numpy()
    taken = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        share = round(count * len(members) / len(labels))
        taken[members[: min(max(share, 1), len(members) - 1)]] = True
    return images[torch.from_numpy(~taken)], images[torch.from_numpy(taken)]


def _statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, by a histogram: exact for any amount."""
    values = np.arange(256) / 255
    means, deviations = [], []
    for channel in images.unbind(1):
        share = np.bincount(channel.numpy().ravel(), minlength=256) / channel.numel()
        mean = float(share @ values)
        means.append(mean)
        deviations.append(max(float(share @ (values - mean) ** 2) ** 0.5, 1 / 255))
    return tuple(means), tuple(deviations)
