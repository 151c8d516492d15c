"""Which pictures are learned from, chosen by and kept for the end."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from snas_cli.errors import DataError
from snas_cli.recipe.schema import DataSettings

Rows = Mapping[str, np.ndarray]  # of train, val and test: numbers of pictures, int64
NAMES = ("train", "val", "test")


@dataclass(frozen=True)
class Annotations:
    """What is known of each picture."""

    labels: np.ndarray  # int64 N
    groups: np.ndarray | None = None  # int64 N; no cut parts a group


def split_rows(ready: Rows, known: Annotations, settings: DataSettings, seed: int) -> Rows:
    """The splits that the data set has; those that it lacks are cut from its training pictures."""
    rng = np.random.default_rng(seed)
    cut = _cut if known.groups is None else _cut_groups
    rows = dict(ready)
    whole = len(ready["train"])
    for name, fraction in (("test", settings.test_fraction), ("val", settings.val_fraction)):
        if name not in rows:
            taken = cut(rows["train"], known, round(fraction * whole), rng)
            rows["train"], rows[name] = rows["train"][~taken], rows["train"][taken]
    return rows


def _cut(rows: np.ndarray, known: Annotations, count: int, rng: np.random.Generator) -> np.ndarray:
    """Which of the pictures make up a split of about `count`: of each class its share, but at least
    one, and never the last."""
    own = known.labels[rows]
    taken = np.zeros(len(rows), dtype=bool)
    for label in np.unique(own):
        members = rng.permutation(np.flatnonzero(own == label))
        share = round(count * len(members) / len(rows))
        taken[members[: min(max(share, 1), len(members) - 1)]] = True
    return taken


def _cut_groups(
    rows: np.ndarray, known: Annotations, count: int, rng: np.random.Generator
) -> np.ndarray:
    """As `_cut`, by whole groups: each that brings the classes nearer to their shares, and of a
    class that would have none the smallest group. The only group of a class stays."""
    assert known.groups is not None
    classes, own = np.unique(known.labels[rows], return_inverse=True)
    names, group = np.unique(known.groups[rows], return_inverse=True)
    content = np.zeros((len(names), len(classes)))  # how many pictures of each class
    np.add.at(content, (group, own), 1)
    lacking = content.sum(0) * count / len(rows)
    chosen = np.zeros(len(names), dtype=bool)
    for i in rng.permutation(len(names)):
        if np.abs(lacking - content[i]).sum() < np.abs(lacking).sum():
            chosen[i] = True
            lacking -= content[i]
    for j in range(len(classes)):
        has = np.flatnonzero(content[:, j])
        if len(has) > 1 and not chosen[has].any():
            chosen[has[content[has, j].argmin()]] = True
    taken: np.ndarray = chosen[group]
    return taken


# --- frozen in a run ------------------------------------------------------------------------------

MOST = 2**53  # pictures
HEADER = ("split", "number", "class", "picture")


def manifest_text(lines: Iterable[tuple[str, int, str, str]]) -> str:
    """Which picture is in which split, as CSV with HEADER."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HEADER)
    table.writerows(lines)
    return text.getvalue()


def read_manifest(path: Path) -> Rows:
    """Raises DataError naming file and line."""
    rows: dict[str, list[int]] = {name: [] for name in NAMES}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.reader(file)
            if tuple(next(table, ())) != HEADER:
                raise DataError(f"{path}:1: not a table of splits")
            for line in table:
                split, number = _entry(line, f"{path}:{table.line_num}")
                rows[split].append(number)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path} is damaged: {error}") from None
    return {name: np.asarray(numbers, dtype=np.int64) for name, numbers in rows.items()}


def _entry(line: Sequence[str], where: str) -> tuple[str, int]:
    try:
        split, text, _, _ = line
        number = int(text)
    except ValueError:
        split, number = "", -1
    if split not in NAMES or not 0 <= number < MOST:
        raise DataError(f"{where}: not a split and a number")
    return split, number
