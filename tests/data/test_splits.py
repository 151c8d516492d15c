"""The table of splits that a run keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from snas_cli.data.splits import manifest_text, read_manifest
from snas_cli.errors import DataError


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
    ],
)
def test_a_damaged_manifest_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "splits.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=f"splits.csv{message}"):
        read_manifest(path)
