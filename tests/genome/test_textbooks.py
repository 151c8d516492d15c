"""Textbooks: what somebody would try first of a family, cut to what a space allows."""

from __future__ import annotations

from typing import Any

import pytest

from snas_cli.genome import Choice, Flag, Genome, Layers, Ordinal, Space

TEXTBOOK = {"layers": [{"filters": filters, "skip": False} for filters in (16, 16, 32, 32, 64, 64)]}


def space(*, least: int = 2, most: int = 50, filters: Any = (16, 32, 64, 128)) -> Space:
    genes = {
        "rate": Ordinal(0.001, 0.01, 0.1, start=0.01),
        "kind": Choice("a", "b", "c"),
        "layers": Layers(least, most, {"filters": Ordinal(*filters), "skip": Flag()}),
    }
    return Space({"net": genes, "other": {"size": Ordinal(1, 2)}}, textbooks={"net": TEXTBOOK})


def textbook(within: Space) -> Genome:
    genome = within.textbook("net")
    assert genome is not None
    return genome


def filters(genome: Genome) -> list[int]:
    return [layer["filters"] for layer in genome.genes["layers"]]


def test_it_has_the_settings_that_work_for_most() -> None:
    genome = textbook(space())
    assert genome.genes["rate"] == 0.01
    assert filters(genome) == [16, 16, 32, 32, 64, 64]
    assert textbook(space()) == genome  # what nobody says is drawn, but always the same


def test_a_family_without_one_has_none() -> None:
    assert space().textbook("other") is None


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ({"most": 3}, [16, 32, 64]),
        ({"most": 2}, [16, 32]),
        ({"least": 8}, [16, 16, 16, 32, 32, 32, 64, 64]),
        ({"filters": (16, 48)}, [16, 16, 16, 16, 48, 48]),
    ],
    ids=str,
)
def test_it_keeps_to_what_is_allowed(bounds: Any, found: list[int]) -> None:
    assert filters(textbook(space(**bounds))) == found


def test_it_grows_slimmer_as_long_as_it_can() -> None:
    genome, slimmer = textbook(space()), []
    for _ in range(3):
        genome = space().slimmer(genome)
        slimmer.append(filters(genome))
    assert slimmer == [[16, 16, 16, 16, 32, 32], [16] * 6, [16] * 6]
