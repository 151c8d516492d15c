"""Where pictures lie: decoded, in memory or in a file that is mapped into it, or as they came."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from snas_cli.api import Pictures
from snas_cli.data.decoding import Form, Unreadable, read_picture, unremarked
from snas_cli.errors import DataError


class Store(ABC):
    """Pictures by number: uint8, C×H×W each."""

    form: Form

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where pictures are handed out."""

    @abstractmethod
    def read(self, groups: Sequence[Tensor]) -> Iterator[Tensor]:
        """The pictures of each group of numbers, in that order: uint8 n×C×H×W."""

    @abstractmethod
    def moments(self, rows: Tensor) -> Tensor:
        """The sums of the pixels of these pictures and of their squares: int64 2×C, exact."""

    @abstractmethod
    def to(self, device: torch.device) -> Self:
        """The same pictures, handed out on `device`."""


@dataclass(frozen=True)
class Decoded(Store):
    """All pictures as one tensor, uint8 N×C×H×W; workers that map the same file share it."""

    images: Tensor
    form: Form

    @property
    def device(self) -> torch.device:
        return self.images.device

    def read(self, groups: Sequence[Tensor]) -> Iterator[Tensor]:
        return (self.images.index_select(0, rows) for rows in groups)

    def moments(self, rows: Tensor) -> Tensor:
        groups = torch.split(rows, 512)
        return torch.stack([_moments(images) for images in self.read(groups)]).sum(0)

    def to(self, device: torch.device) -> Decoded:
        return Decoded(self.images.to(device), self.form)


@dataclass(frozen=True)
class Streamed(Store):
    """Pictures that are too many to keep decoded: read each time, ahead of need, by processes."""

    pictures: Sequence[Pictures]
    form: Form
    each: Tensor  # the moments of each picture, int64 N×2×C
    device: torch.device = field(default=torch.device("cpu"))

    def read(self, groups: Sequence[Tensor]) -> Iterator[Tensor]:
        loader = DataLoader(
            _Reader(self.pictures, self.form),
            batch_sampler=[rows.tolist() for rows in groups],
            num_workers=min(len(groups), 4, max((os.cpu_count() or 1) - 1, 1)),
            pin_memory=self.device.type == "cuda",
        )
        return (images.to(self.device, non_blocking=True) for images in loader)

    def moments(self, rows: Tensor) -> Tensor:
        return self.each[rows].sum(0)

    def to(self, device: torch.device) -> Streamed:
        return Streamed(self.pictures, self.form, self.each, device)


def _moments(images: Tensor) -> Tensor:
    """Of uint8 n×C×H×W: int64 2×C."""
    values = torch.arange(256)
    counts = torch.stack([torch.bincount(pixels.flatten(), minlength=256)
                          for pixels in images.unbind(1)])  # C×256  # fmt: skip
    return torch.stack([counts @ values, counts @ values**2])


def survey(pictures: Sequence[Pictures], form: Form) -> tuple[dict[int, Unreadable], Tensor]:
    """Reads every picture once: for those that cannot be read, and for the moments of each, int64
    N×2×C."""
    places = [(part, i) for part in pictures for i in range(len(part))]
    bad: dict[int, Unreadable] = {}
    moments = torch.zeros(len(places), 2, form.channels, dtype=torch.int64)
    with unremarked(), ThreadPoolExecutor(os.cpu_count()) as pool:
        read = pool.map(lambda place: _surveyed(place[0], place[1], form), places)
        for row, found in enumerate(read):
            if isinstance(found, Unreadable):
                bad[row] = found
            else:
                moments[row] = found
    return bad, moments


def _surveyed(pictures: Pictures, index: int, form: Form) -> Tensor | Unreadable:
    picture = read_picture(pictures, index, form)
    if isinstance(picture, Unreadable):
        return picture
    return _moments(torch.from_numpy(picture.copy())[None])


class _Reader(Dataset[Tensor]):
    def __init__(self, pictures: Sequence[Pictures], form: Form) -> None:
        self._places = [(part, i) for part in pictures for i in range(len(part))]
        self._form = form

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, row: int) -> Tensor:
        with unremarked():
            picture = read_picture(*self._places[row], self._form)
        if isinstance(picture, Unreadable):  # it was sound when the search began
            raise DataError(f"{picture.name}: {picture.reason}")
        return torch.from_numpy(picture.copy())


@dataclass(frozen=True)
class ImageSet:
    """Some pictures of a store, with their labels."""

    store: Store
    rows: Tensor  # int64, N: their numbers in the store
    labels: Tensor  # int64, N

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Tensor) -> ImageSet:
        return ImageSet(self.store, self.rows[index], self.labels[index])

    def batches(self, groups: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """For each group of places in this set: uint8 n×C×H×W and labels n, on the device."""
        rows = [self.rows[group] for group in groups]
        for group, images in zip(groups, self.store.read(rows), strict=True):
            yield images, self.labels[group]

    def in_order(self, size: int = 512) -> Iterator[tuple[Tensor, Tensor]]:
        """All of them, some at a time."""
        everything = torch.arange(len(self), device=self.rows.device)
        return self.batches(torch.split(everything, size))

    def to(self, device: torch.device, store: Store) -> ImageSet:
        return ImageSet(store, self.rows.to(device), self.labels.to(device))
