"""What a data set is like, and what is wrong with it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from snas_cli.data.decoding import Form, Unreadable
from snas_cli.data.store import ImageSet
from snas_cli.data.task_data import TaskData


@dataclass(frozen=True)
class Findings:
    """Of a data set as a search would use it."""

    form: Form
    counts: Mapping[str, Sequence[int]]  # of each split, how many pictures each class has
    bad: Sequence[Unreadable]
    twins: Sequence[Sequence[tuple[str, str]]]  # pictures that are the same: split and name of each
    remarks: Sequence[str] = ()  # of the data set itself

    @property
    def pictures(self) -> int:
        return sum(map(sum, self.counts.values()))

    @property
    def nbytes(self) -> int:
        """Of all pictures, decoded."""
        return self.pictures * self.form.nbytes

    @property
    def leaks(self) -> list[Sequence[tuple[str, str]]]:
        """Twins in different splits: what was learned by heart is taken for understood."""
        return [group for group in self.twins if len({split for split, _ in group}) > 1]

    @property
    def skew(self) -> float:
        """How many training pictures the largest class has for each of the smallest."""
        return max(self.counts["train"]) / max(min(self.counts["train"]), 1)


def examine(data: TaskData) -> Findings:
    """Looks at every picture, in the size that a search gives it."""
    counts = {name: split.labels.bincount(minlength=len(data.classes)).tolist()
              for name, split in data.splits.items()}  # fmt: skip
    source = data.source
    bad = list(source.bad.values())
    return Findings(data.train.store.form, counts, bad, _twins(data), source.remarks)


def _twins(data: TaskData) -> list[list[tuple[str, str]]]:
    """Groups of pictures whose pixels are equal."""
    groups: dict[bytes, list[tuple[str, int]]] = defaultdict(list)
    for name, split in data.splits.items():
        for row, digest in zip(split.rows.tolist(), _digests(split), strict=True):
            groups[digest].append((name, row))
    return [[(name, data.source.name(row)) for name, row in group]
            for group in groups.values() if len(group) > 1]  # fmt: skip


def _digests(split: ImageSet) -> list[bytes]:
    return [
        hashlib.blake2b(image.tobytes(), digest_size=16).digest()
        for images, _ in split.in_order()
        for image in images.cpu().numpy()
    ]
