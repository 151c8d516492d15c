"""A data set made ready for training: decoded, split, measured."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from snas_cli.api import DataRequest, Dataset, LabelledImages, Pictures, Split, Task
from snas_cli.data.cache import Cache, Decoding, content_key, decode_all
from snas_cli.data.decoding import Form, Unreadable, form_of, splits_of
from snas_cli.data.splits import NAMES, Annotations, Rows, manifest_text, split_rows
from snas_cli.data.store import Decoded, ImageSet, Store, Streamed, survey
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
    mirrored: bool | None  # does a label stay true when its picture is flipped? None: not known
    source: Source

    @property
    def task(self) -> Task:
        return Task(self.train.store.form.shape, len(self.classes))

    @property
    def device(self) -> torch.device:
        return self.train.store.device

    @property
    def splits(self) -> dict[str, ImageSet]:
        return {"train": self.train, "val": self.val, "test": self.test}

    def digest(self) -> str:
        """Equal exactly if pictures, labels, classes and splits are. Of streamed pictures the
        names count, not the pixels."""
        digest = hashlib.blake2b(repr(self.classes).encode(), digest_size=16)
        for split in self.splits.values():
            if isinstance(split.store, Decoded):
                for images, _ in split.in_order():
                    digest.update(images.cpu().numpy().tobytes())
            else:
                digest.update("\n".join(map(self.source.name, split.rows.tolist())).encode())
            digest.update(split.labels.cpu().numpy().tobytes())
        return digest.hexdigest()

    def manifest(self) -> str:
        """Which picture is in which split, as CSV."""
        return manifest_text(
            (name, row, self.classes[label], self.source.name(row))
            for name, split in self.splits.items()
            for row, label in zip(split.rows.tolist(), split.labels.tolist(), strict=True)
        )

    def names(self, split: ImageSet) -> list[str]:
        """Of its pictures: their paths, say."""
        return [self.source.name(row) for row in split.rows.tolist()]

    def to(self, device: torch.device) -> TaskData:
        """A copy whose pictures are handed out on `device`."""
        store = self.train.store.to(device)
        train, val, test = (split.to(device, store) for split in self.splits.values())
        return replace(self, train=train, val=val, test=test)


@dataclass(frozen=True)
class Part:
    """A split as the data set has it."""

    name: str
    pictures: Pictures | None  # None where they came as an array
    labels: np.ndarray


@dataclass(frozen=True)
class Source:
    """Where pictures come from; they are counted through all parts."""

    parts: Sequence[Part]
    bad: Mapping[int, Unreadable]  # those that cannot be read, which are left out
    remarks: Sequence[str] = ()  # of the data set itself

    def name(self, row: int) -> str:
        """What a person calls a picture: its path, or its place in the set."""
        for part in self.parts:
            if row < len(part.labels):
                return part.pictures.describe(row) if part.pictures else f"{part.name} {row}"
            row -= len(part.labels)
        raise IndexError(row)

    def labels(self) -> np.ndarray:
        return np.concatenate([part.labels for part in self.parts])

    def left_out(self) -> str:
        """The end of a count of pictures; nothing where all are used."""
        return f" ({len(self.bad):,} left out, which cannot be read)" if self.bad else ""

    def fault(self, rows: np.ndarray) -> str:
        """The first picture among these that cannot be read, and why."""
        bad = [self.bad[row] for row in rows.tolist() if row in self.bad]
        return f"{bad[0].name}, say: {bad[0].reason}" if bad else "it holds none"

    def places(self, name: str) -> np.ndarray:
        """The numbers of all pictures of a split that the data set has."""
        first = 0
        for part in self.parts:
            if part.name == name:
                return np.arange(first, first + len(part.labels))
            first += len(part.labels)
        raise KeyError(name)

    def rows(self) -> Rows:
        """Of each split that the data set has, without bad pictures."""
        bad = np.asarray(sorted(self.bad), dtype=np.int64)
        return {part.name: np.setdiff1d(self.places(part.name), bad, assume_unique=True)
                for part in self.parts}  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """What there is from before, and how a person is told of what has to be done anew."""

    decoded: Path  # the folder of pictures that were decoded once
    splits: Rows | None = None  # of a run that goes on
    notice: Callable[[str], None] = lambda _what: None


def prepare(
    dataset: Dataset,
    request: DataRequest,
    settings: DataSettings,
    seed: int,
    kept: Kept,
) -> TaskData:
    """Loads, decodes and splits. Raises DataError."""
    data = dataset.load(request)
    for remark in data.remarks:
        kept.notice(remark)
    store, bad = _stored(data, settings, kept)
    source = Source(_parts(data), _checked_bad(bad, settings), data.remarks)
    labels = source.labels()
    known = Annotations(labels, _groups(data))
    rows = kept.splits or split_rows(source.rows(), known, settings, seed)
    _check_there(rows, source)
    _check(data.classes, source)
    _check_cut(data, source, rows)
    train, val, test = (_image_set(store, rows[name], labels) for name in NAMES)
    mean, std = _statistics(train)
    return TaskData(data.classes, train, val, test, mean, std, dataset.mirrored, source)


def _groups(data: LabelledImages) -> np.ndarray | None:
    """Of all pictures a number each; only those to learn from are ever cut."""
    if data.train.groups is None:
        return None
    counted = sum(len(split.labels) for split in splits_of(data).values())
    numbers = np.full(counted, -1, dtype=np.int64)
    _, numbers[: len(data.train.groups)] = np.unique(data.train.groups, return_inverse=True)
    return numbers


def _parts(data: LabelledImages) -> list[Part]:
    return [
        Part(name, split.images if isinstance(split.images, Pictures) else None,
             np.asarray(split.labels, dtype=np.int64))
        for name, split in splits_of(data).items()
    ]  # fmt: skip


def _stored(
    data: LabelledImages, settings: DataSettings, kept: Kept
) -> tuple[Store, Mapping[int, Unreadable]]:
    """All pictures: from the cache, decoded into it, or streamed if that would take too much."""
    cache = Cache(kept.decoded)
    parts = list(splits_of(data).values())
    key = content_key(parts, settings.image_size)
    found = cache.find(key) if key else None
    if found is not None:
        form, decoding = found
        return Decoded(torch.from_numpy(decoding.images), form), decoding.bad
    form = form_of(data, settings.image_size)
    count = sum(len(part.images) for part in parts)
    pictures = [part.images for part in parts if isinstance(part.images, Pictures)]
    if count * form.nbytes > settings.max_cache_bytes and len(pictures) == len(parts):
        kept.notice(f"reading {count:,} pictures; they are too many to be kept decoded")
        bad, moments = survey(pictures, form)
        return Streamed(pictures, form, moments), bad
    kept.notice(f"decoding {count:,} pictures, which are kept in {kept.decoded}")
    decoding = cache.fill(key, parts, form) if key else _in_memory(parts, form, count)
    return Decoded(torch.from_numpy(decoding.images), form), decoding.bad


def _in_memory(parts: Sequence[Split], form: Form, count: int) -> Decoding:
    images = np.zeros((count, *form.shape), dtype=np.uint8)
    return Decoding(images, decode_all(parts, form, images))


def _checked_bad(bad: Mapping[int, Unreadable], settings: DataSettings) -> Mapping[int, Unreadable]:
    """Raises DataError for bad pictures, unless the recipe says to leave them out."""
    if bad and settings.on_bad_image == "error":
        shown = [f"{picture.name}: {picture.reason}" for picture in list(bad.values())[:5]]
        if len(bad) > len(shown):
            shown.append(f"and {len(bad) - len(shown):,} more, which `snas datasets check` names")
        raise DataError(
            "\n".join(shown) + "\nmend them, take them away, or leave such pictures out: "
            "--set data.on_bad_image=skip"
        )
    return bad


def _check_there(rows: Rows, source: Source) -> None:
    """Raises DataError for splits of an earlier time that have pictures which are gone."""
    there = np.concatenate(list(source.rows().values()))
    gone = [row for part in rows.values() for row in np.setdiff1d(part, there).tolist()]
    if gone:
        raise DataError(
            f"{len(gone):,} of the pictures that the run was made with are not there any more, or "
            "cannot be read; bring them back, or search anew"
        )


def _check(classes: tuple[str, ...], source: Source) -> None:
    """Raises DataError where classes are too few, or one has too few pictures."""
    if len(classes) < 2:
        only = f": there is only {classes[0]!r}" if classes else ""
        raise DataError(f"a classifier needs at least 2 classes{only}")
    labels, ready = source.labels(), source.rows()
    bad = np.asarray(sorted(source.bad), dtype=np.int64)
    counts = np.bincount(labels[ready["train"]], minlength=len(classes))
    unread = np.bincount(labels[bad], minlength=len(classes))
    purposes = {"train": "training", "val": "choosing", "test": "testing"}
    missing = [word for name, word in purposes.items() if name == "train" or name not in ready]
    for i, (name, count, left_out) in enumerate(zip(classes, counts, unread, strict=True)):
        if count < len(missing):
            fault = source.fault(bad[labels[bad] == i])
            cannot = f" that can be read, and {left_out} that cannot ({fault})" if left_out else ""
            raise DataError(
                f"class {name!r} has {count} {_plural(count)} to train on{cannot}; it needs at "
                f"least {len(missing)}, for {_listed(missing)}: add pictures or take the class out"
            )


def _plural(count: int) -> str:
    return "picture" if count == 1 else "pictures"


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _check_cut(data: LabelledImages, source: Source, rows: Rows) -> None:
    """Raises DataError for a split without pictures, and where groups are too few or too large to
    make splits of."""
    labels = source.labels()
    counts = {name: np.bincount(labels[part], minlength=len(data.classes))
              for name, part in rows.items()}  # fmt: skip
    ready = splits_of(data)
    for name, purpose in (("train", "to learn from"), ("val", "to choose by"), ("test", "to test")):
        if not counts[name].any():
            why = (
                f"there are no pictures {purpose}: of the split {name}, not one can be read "
                f"({source.fault(source.places(name))})"
                if name in ready
                else f"the groups of pictures leave none {purpose}: there are too few groups"
            )
            raise DataError(why)
    for name, count in zip(data.classes, counts["train"], strict=True):
        if not count:
            raise DataError(
                f"the groups of pictures leave none of class {name!r} to learn from; it needs "
                "pictures in more groups"
            )


def _image_set(store: Store, rows: np.ndarray, labels: np.ndarray) -> ImageSet:
    return ImageSet(store, torch.from_numpy(rows), torch.from_numpy(labels[rows]))


def _statistics(train: ImageSet) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel: from whole numbers, so exact for any amount."""
    form = train.store.form
    count = len(train) * form.size**2
    means, deviations = [], []
    for total, squares in train.store.moments(train.rows).T.tolist():
        means.append(total / count / 255)
        variance = (count * squares - total**2) / count**2
        deviations.append(max(math.sqrt(variance), 1) / 255)
    return tuple(means), tuple(deviations)
