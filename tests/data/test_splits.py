"""How splits are cut, and the table of them that a run keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snas_cli.data.splits import Annotations, Rows, manifest_text, read_manifest, split_rows
from snas_cli.errors import DataError
from snas_cli.recipe.schema import DataSettings


def cut(labels: list[int], groups: list[int], seed: int = 0) -> Rows:
    known = Annotations(np.asarray(labels), np.asarray(groups))
    return split_rows({"train": np.arange(len(labels))}, known, DataSettings(), seed)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=12, max_size=80),
    st.integers(0, 5),
)
def test_no_group_is_parted(pictures: list[tuple[int, int]], seed: int) -> None:
    labels, groups = zip(*pictures, strict=True)
    rows = cut(list(labels), list(groups), seed)
    assert sorted(np.concatenate(list(rows.values())).tolist()) == list(range(len(labels)))
    where = [{groups[i] for i in rows[name]} for name in ("train", "val", "test")]
    assert not where[0] & where[1] | where[0] & where[2] | where[1] & where[2]


def test_groups_are_cut_to_the_shares_of_the_classes() -> None:
    """Films of 30 frames: 20 of one kind, 10 of another, 4 of a third."""
    films = [0] * 20 + [1] * 10 + [2] * 4
    labels = [label for label in films for _ in range(30)]
    groups = [film for film in range(len(films)) for _ in range(30)]
    settings = DataSettings()
    for seed in range(10):
        rows = cut(labels, groups, seed)
        for name, fraction in (("val", settings.val_fraction), ("test", settings.test_fraction)):
            counts = np.bincount(np.asarray(labels)[rows[name]], minlength=3) / 30
            assert abs(counts - fraction * np.array([20, 10, 4])).max() <= 1
            assert counts.min() >= 1


def test_the_only_group_of_a_class_is_learned_from() -> None:
    labels, groups = [0] * 50 + [1] * 5, [*range(50), *[50] * 5]
    for seed in range(10):
        assert set(cut(labels, groups, seed)["train"]) >= set(range(50, 55))


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    lines = [("train", 0, "a", "x.png"), ("train", 2, "b, c", 'odd "name"\n.png'),
             ("test", 1, "a", "日本.png")]  # fmt: skip
    path = tmp_path / "splits.csv"
    path.write_text(manifest_text(lines), encoding="utf-8")
    rows = read_manifest(path)
    assert {name: part.tolist() for name, part in rows.items()} == {
        "train": [0, 2], "val": [], "test": [1],
    }  # fmt: skip
    assert all(part.dtype == np.int64 for part in rows.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: not a table of splits"),
        ("a,b\n", ":1: not a table of splits"),
        ("split,number,class,picture\ntrain,x,a,b\n", ":2: not a split and a number"),
        ("split,number,class,picture\nother,1,a,b\n", ":2: not a split"),
        ("split,number,class,picture\ntrain,1\n", ":2: not a split"),
        (f"split,number,class,picture\ntrain,{'9' * 30},a,b\n", ":2: not a split"),
        ("split,number,class,picture\ntrain,-1,a,b\n", ":2: not a split"),
        (f"split,number,class,picture\ntrain,1,a,{'b' * 200_000}\n", " is damaged: field larger"),
    ],
)
def test_a_damaged_manifest_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "splits.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=f"splits.csv{message}"):
        read_manifest(path)
