"""Which pictures are learned from, chosen by and kept for the end."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from snas_cli.errors import DataError
from snas_cli.recipe.schema import DataSettings

Rows = Mapping[str, np.ndarray]  # of train, val and test: numbers of pictures, int64
NAMES = ("train", "val", "test")


def split_rows(ready: Rows, labels: np.ndarray, settings: DataSettings, seed: int) -> Rows:
    """The splits that the data set has; those that it lacks are cut from its training pictures."""
    rng = np.random.default_rng(seed)
    rows = dict(ready)
    whole = len(ready["train"])
    for name, fraction in (("test", settings.test_fraction), ("val", settings.val_fraction)):
        if name not in rows:
            rows["train"], rows[name] = _cut(rows["train"], labels, round(fraction * whole), rng)
    return rows


def _cut(
    rows: np.ndarray, labels: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """About `count` of the pictures go to the second part: of each class its share, but at least
    one, and never the last."""
    own = labels[rows]
    taken = np.zeros(len(rows), dtype=bool)
    for label in np.unique(own):
        members = rng.permutation(np.flatnonzero(own == label))
        share = round(count * len(members) / len(rows))
        taken[members[: min(max(share, 1), len(members) - 1)]] = True
    return rows[~taken], rows[taken]


# --- frozen in a run ------------------------------------------------------------------------------

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
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.reader(file)
        if tuple(next(table, ())) != HEADER:
            raise DataError(f"{path}:1: not a table of splits")
        for line in table:
            try:
                split, number, _, _ = line
                rows[split].append(int(number))
            except (ValueError, KeyError):
                raise DataError(f"{path}:{table.line_num}: not a split and a number") from None
    return {name: np.asarray(numbers, dtype=np.int64) for name, numbers in rows.items()}
