"""The names of classes and splits, and the way from a class's name to its number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches

from snas_cli.api import DataError, LabelledImages, Split
from snas_plugins.datasets._files import PictureFiles, few

SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}

Labelled = Sequence[tuple[str, str]]  # paths of pictures, each with the name of its class


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """By number if all are numbers (2 before 10), else by letter."""
    several = sorted(names)
    if all(re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", name) for name in several):
        several.sort(key=Decimal)
    return tuple(several)


def labelled_images(
    source: str,
    parts: Mapping[str, Labelled],
    classes: Sequence[str] | None = None,
    group_of: Callable[[str], str] | None = None,
) -> LabelledImages:
    """Pictures by split, train among them. The classes are those of the training pictures unless
    they are given. `group_of` gives the group of a path. Raises DataError, about `source`, for a
    class that these lack."""
    names = in_order({name for _, name in parts["train"]}) if classes is None else tuple(classes)
    number = {name: i for i, name in enumerate(names)}
    strangers = {name for part in parts.values() for _, name in part} - set(number)
    if strangers:
        which = few(in_order(strangers))
        raise DataError(f"{source} has classes without training pictures: {which}")
    splits = {}
    for split, part in parts.items():
        paths, labels = [path for path, _ in part], [number[name] for _, name in part]
        groups = [group_of(path) for path in paths] if group_of else None
        splits[split] = Split(PictureFiles(paths), labels, groups)
    return LabelledImages(names, splits["train"], splits.get("val"), splits.get("test"))


def meant(word: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown word."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
