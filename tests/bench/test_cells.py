"""The table that comes with snas is that of NAS-Bench-201."""

from __future__ import annotations

import csv
import gzip
from importlib.resources import files
from pathlib import Path

import pytest

from snas_cli.bench import cells

PATTERN = "|{0}~0|+|{1}~0|{2}~1|+|{3}~0|{4}~1|{5}~2|"


def test_every_cell_has_the_accuracies_of_its_authors(real_data: Path) -> None:
    with gzip.open(real_data / "nasbench201" / "nasbench201.csv.gz", "rt") as file:
        rows = {row["arch"]: row for row in csv.DictReader(file)}
    assert len(rows) == cells.CELLS
    for architecture, row in rows.items():
        operations = [part.partition("~")[0] for part in architecture.replace("+", "").split("|")]
        validation, test = cells.accuracies([each for each in operations if each])
        assert validation == pytest.approx(float(row["c100_val_12ep"]) / 100)
        assert test == pytest.approx(float(row["c100_test_12ep"]) / 100)
    assert cells.best_validation() == max(
        round(float(row["c100_val_12ep"]) * 100) / 10_000 for row in rows.values()
    )


def test_its_parameters_are_those_that_the_paper_counts() -> None:
    """0.802426 million is what its authors' own tool says of this cell on CIFAR-10."""
    cell = ("nor_conv_3x3", "nor_conv_3x3", "avg_pool_3x3", "skip_connect", "nor_conv_3x3",
            "skip_connect")  # fmt: skip
    assert cells.parameters(cell, classes=10) == 802_426
    assert cells.parameters(("nor_conv_3x3",) * 6, classes=10) == 1_531_546


def test_the_licence_of_the_table_stands_beside_it() -> None:
    folder = files("snas_cli.bench")
    assert "MIT License" in folder.joinpath("LICENSE-nasbench201").read_text(encoding="utf-8")
    assert len(folder.joinpath("nasbench201_cifar100.xz").read_bytes()) < 50_000
