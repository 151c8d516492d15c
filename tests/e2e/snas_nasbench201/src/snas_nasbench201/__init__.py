"""NAS-Bench-201 (Dong & Yang 2020) as a family and an evaluator: all its 15,625 cells, trained by
its authors, so that a search takes milliseconds."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snas_cli.api import (
    CandidateError,
    Choice,
    Evaluation,
    Evaluator,
    Family,
    Genes,
    Genome,
    SearchError,
    Task,
    hookimpl,
)

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ("from_0_to_1", "from_0_to_2", "from_1_to_2", "from_0_to_3", "from_1_to_3", "from_2_to_3")
SETS = {"cifar10": "c10", "cifar100": "c100", "imagenet16": "in16"}  # to columns of the table


class Cell(Family):
    """Four nodes, and one of five operations between any two."""

    name = "nasbench201"
    genes = {edge: Choice(*OPERATIONS) for edge in EDGES}
    shared_genes = False

    def build(self, genes: Genes, task: Task) -> Any:
        raise CandidateError("a cell of NAS-Bench-201 is looked up in its table, and never built")


class Table(Evaluator):
    """Validation accuracy after 12 epochs, from 0 to 1."""

    name = "nasbench201"
    summary = "NAS-Bench-201's table: options table (the file) and dataset"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        chosen = options.get("dataset", "cifar100")
        if chosen not in SETS:
            raise SearchError(f"evaluator.options.dataset: {chosen!r} is none of {', '.join(SETS)}")
        self.scores = read_table(Path(options["table"]), SETS[chosen])

    def evaluate(self, genome: Genome) -> Evaluation:
        validation, test = self.scores[tuple(genome.genes[edge] for edge in EDGES)]
        return Evaluation(validation, {"val_acc": validation, "test_acc": test})


def read_table(path: Path, column: str) -> dict[tuple[str, ...], tuple[float, float]]:
    """Validation and test accuracy by operations. Raises SearchError."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            return {
                operations(row["arch"]): (
                    float(row[f"{column}_val_12ep"]) / 100,
                    float(row[f"{column}_test_12ep"]) / 100,
                )
                for row in csv.DictReader(file)
            }
    except OSError as error:
        raise SearchError(f"evaluator.options.table: cannot read {path}: {error}") from None


def operations(architecture: str) -> tuple[str, ...]:
    """Of the table's |nor_conv_3x3~0|+|none~0|skip_connect~1|+…, edge by edge."""
    edges = architecture.replace("+", "").split("|")
    return tuple(edge.partition("~")[0] for edge in edges if edge)


@hookimpl
def snas_register_families() -> list[Family]:
    return [Cell()]


@hookimpl
def snas_register_evaluators() -> list[type[Evaluator]]:
    return [Table]
