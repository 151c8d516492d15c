"""Pictures of a data set that a network was not trained on, brought to the form that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from snas_cli.api import Pictures, Split
from snas_cli.data.cache import decode_all
from snas_cli.data.decoding import Form, splits_of
from snas_cli.errors import DataError, UsageError
from snas_cli.experiment.assembly import request_of
from snas_cli.recipe.schema import DataSettings
from snas_cli.registry import Registry


@dataclass(frozen=True)
class Others:
    images: np.ndarray  # uint8, N×C×H×W
    labels: np.ndarray  # int64 N, by the classes of the network
    names: Sequence[str]
    split: str  # "all" where the data set has no such split


def other_pictures(
    settings: DataSettings,
    shape: tuple[int, int, int],
    classes: Sequence[str],
    registry: Registry,
    split: str,
) -> Others:
    """Of a split of the data set or, where it has none of that name, of all it has: the network has
    learned from none. In grey or RGB as the network takes them. Raises DataError; UsageError where
    there are other classes than those of the network."""
    data = registry.dataset(settings.dataset).load(request_of(settings))
    places = _places(data.classes, classes, settings.path or settings.dataset)
    every = splits_of(data)
    chosen = {split: every[split]} if split in every else every
    parts = list(chosen.values())
    images = np.zeros((sum(len(part.images) for part in parts), *shape), np.uint8)
    bad = decode_all(parts, Form(shape[0], shape[1]), images)
    if bad:
        named = [f"{picture.name}: {picture.reason}" for picture in list(bad.values())[:5]]
        raise DataError("\n".join(named) + f"\n{len(bad):,} of {len(images):,} pictures cannot be "
                        "read; mend them, or take them away")  # fmt: skip
    labels = places[np.concatenate([np.asarray(part.labels, np.int64) for part in parts])]
    names = [name for key, part in chosen.items() for name in _names(key, part)]
    return Others(images, labels, names, split if split in every else "all")


def _places(found: Sequence[str], known: Sequence[str], data: str) -> np.ndarray:
    """Of each class of the data set, which of the network it is."""
    places: Mapping[str, int] = {name: place for place, name in enumerate(known)}
    strange = [name for name in found if name not in places]
    if strange:
        shown = ", ".join(map(repr, strange[:5])) + (" …" if len(strange) > 5 else "")
        raise UsageError(
            f"{data} has classes that the network was not trained to tell: {shown}; it knows: "
            f"{', '.join(map(repr, known[:20]))}{' …' if len(known) > 20 else ''}"
        )
    return np.array([places[name] for name in found], np.int64)


def _names(key: str, part: Split) -> list[str]:
    images = part.images
    if isinstance(images, Pictures):
        return [images.describe(row) for row in range(len(images))]
    return [f"{key} {row}" for row in range(len(images))]
