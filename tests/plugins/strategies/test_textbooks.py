"""Strategies that breed try first what the textbooks of families have."""

from __future__ import annotations

import pytest

from snas_cli.api import Genome, Layers, Ordinal, Space, Trial
from snas_cli.registry import Registry
from tests.search import stub

WIDTHS = (1, 2, 4, 8)
BOOK = {"layers": [{"width": width} for width in (2, 2, 4, 4)]}


def space(*families: str, most: int) -> Space:
    genes = {"layers": Layers(1, most, {"width": Ordinal(*WIDTHS)}), "rate": Ordinal(1, 2, 4)}
    return Space(dict.fromkeys(families, genes), textbooks=dict.fromkeys(families, BOOK))


LEVELS = (space("a", "b", most=2), space("a", "b", "c", most=9))


def widths(genome: Genome) -> list[int]:
    return [layer["width"] for layer in genome.genes["layers"]]


def run(registry: Registry, name: str, admit: object = lambda _genome: True) -> list[Trial]:
    setup = stub.setup(
        registry, space=LEVELS[-1], levels=LEVELS, generations=4, admit=admit, population_size=6
    )
    return stub.run(registry.strategy(name)(setup), generations=4, evaluate=stub.by_fingerprint)


def tried(trials: list[Trial]) -> list[tuple[int, str, list[int]]]:
    return [(t.generation, t.genome.family, widths(t.genome))
            for t in trials if t.proposal.operator == "textbook"]  # fmt: skip


@pytest.mark.parametrize("name", ["evolution", "nsga2"])
def test_each_level_begins_with_them(registry: Registry, name: str) -> None:
    assert tried(run(registry, name)) == [
        (0, "a", [2, 4]), (0, "b", [2, 4]),
        (1, "a", [2, 2, 4, 4]), (1, "b", [2, 2, 4, 4]), (1, "c", [2, 2, 4, 4]),
    ]  # fmt: skip


def test_one_beyond_the_limits_is_tried_as_slim_as_it_must_be(registry: Registry) -> None:
    def admit(genome: Genome) -> bool:
        return sum(widths(genome)) <= {"a": 3, "b": 1, "c": 99}[genome.family]

    assert tried(run(registry, "evolution", admit)) == [
        (0, "a", [1, 2]), (1, "c", [2, 2, 4, 4]),
    ]  # fmt: skip
