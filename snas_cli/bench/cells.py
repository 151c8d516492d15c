"""NAS-Bench-201 (Dong & Yang 2020) as a family and an evaluator: all its 15,625 cells, trained on
CIFAR-100 for 12 epochs by its authors.

It is a plugin that `snas bench` alone loads: a search for networks has no use for it.
"""

from __future__ import annotations

import lzma
import sys
from array import array
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from snas_cli.api import (
    CandidateError,
    Choice,
    Evaluation,
    Evaluator,
    Family,
    Genes,
    Genome,
    Task,
    hookimpl,
)

# The order of both is that of the index of a cell in the table.
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ("from_0_to_1", "from_0_to_2", "from_1_to_2", "from_0_to_3", "from_1_to_3", "from_2_to_3")
CELLS = len(OPERATIONS) ** len(EDGES)
CLASSES = 100
# Three stages of five cells each, by their channels, and what is between them: section 2.1.
STAGES, CELLS_EACH = (16, 32, 64), 5


class Cell(Family):
    """Four nodes, and one of five operations between any two."""

    name = "bench_cell"
    genes = {edge: Choice(*OPERATIONS) for edge in EDGES}
    shared_genes = False

    def build(self, genes: Genes, task: Task) -> Any:
        raise CandidateError("a cell of NAS-Bench-201 is looked up in its table, and never built")


class Table(Evaluator):
    """Accuracies from 0 to 1 after 12 epochs: the fitness is that on validation pictures."""

    name = "bench_table"
    summary = "NAS-Bench-201's table for CIFAR-100"

    def evaluate(self, genome: Genome) -> Evaluation:
        validation, test = accuracies(_operations(genome))
        return Evaluation(validation, {"val_acc": validation, "test_acc": test})

    def cost(self, genome: Genome) -> Mapping[str, float]:
        return {"params": parameters(_operations(genome))}


def _operations(genome: Genome) -> list[str]:
    return [genome.genes[edge] for edge in EDGES]


def accuracies(operations: Sequence[str]) -> tuple[float, float]:
    """On validation and on test pictures, of the cell with these operations by edge."""
    index = 0
    for operation in operations:
        index = index * len(OPERATIONS) + OPERATIONS.index(operation)
    table = _table()
    return table[index] / 10_000, table[CELLS + index] / 10_000


def best_validation() -> float:
    return max(_table()[:CELLS]) / 10_000


def parameters(operations: Sequence[str], classes: int = CLASSES) -> int:
    """Of the whole network: only convolutions have any, each with a batch norm."""
    kernels = {"nor_conv_1x1": 1, "nor_conv_3x3": 9}
    areas = [kernels[operation] for operation in operations if operation in kernels]
    cells = sum(CELLS_EACH * (area * c * c + 2 * c) for area in areas for c in STAGES)
    first, last = STAGES[0], STAGES[-1]
    stem = 3 * 9 * first + 2 * first
    between = sum(9 * a * b + 2 * b + 9 * b * b + 2 * b + a * b for a, b in pairwise(STAGES))
    head = 2 * last + last * classes + classes
    return cells + stem + between + head


@cache
def _table() -> array[int]:
    """Hundredths of a percent, 16 bits each: validation for all cells, then test."""
    packed = files("snas_cli.bench").joinpath("nasbench201_cifar100.xz").read_bytes()
    table = array("H")
    table.frombytes(lzma.decompress(packed))
    if sys.byteorder == "big":
        table.byteswap()
    assert len(table) == 2 * CELLS  # it comes with this module
    return table


@hookimpl
def snas_register_families() -> list[Family]:
    return [Cell()]


@hookimpl
def snas_register_evaluators() -> list[type[Evaluator]]:
    return [Table]
