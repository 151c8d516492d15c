"""How varied a set of genomes is."""

from __future__ import annotations

from math import log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snas_cli.errors import SpaceError
from snas_cli.genome import Choice, Flag, Genome, Layers, Ordinal, Space, diversity
from tests.genome.test_properties import for_all_spaces, seeds, spaces

FLAT = Space({"flat": {"kind": Choice("a", "b", "c", "d"), "flag": Flag(), "fixed": Choice(1)}})
DEEP = Space({"deep": {"layers": Layers(1, 3, {"width": Ordinal(1, 2, 4)})}})


def flat(*values: tuple[str, bool]) -> list[Genome]:
    return [FLAT.genome("flat", {"kind": k, "flag": f, "fixed": 1}) for k, f in values]


def deep(*widths: list[int]) -> list[Genome]:
    return [DEEP.genome("deep", {"layers": [{"width": w} for w in layers]}) for layers in widths]


@for_all_spaces
@given(spaces, seeds, st.integers(0, 12))
def test_from_0_to_1_in_whatever_order(space: Space, seed: int, count: int) -> None:
    rng = Random(seed)
    genomes = [space.sample(rng) for _ in range(count)]
    varied = diversity(genomes, space)
    assert 0 <= varied <= 1 + 1e-12
    assert diversity(rng.sample(genomes, count), space) == pytest.approx(varied)


@for_all_spaces
@given(spaces, seeds, st.integers(0, 12))
def test_equal_genomes_have_none(space: Space, seed: int, count: int) -> None:
    """Though the layers of each may differ among themselves."""
    assert diversity([space.sample(Random(seed))] * count, space) == 0


def test_as_varied_as_so_many_genomes_can_be_is_1() -> None:
    assert diversity(flat(("a", False), ("b", True)), FLAT) == 1
    assert diversity(flat(("a", False), ("b", True), ("c", False)), FLAT) == 1
    five = flat(("a", False), ("b", True), ("c", False), ("d", True), ("a", True))
    assert diversity(five, FLAT) == pytest.approx(1)


def test_by_hand() -> None:
    """Kind: entropy of 3 to 1 over log 4. Flag: 2 to 2. What is fixed does not count."""
    genomes = flat(("a", False), ("a", False), ("a", True), ("b", True))
    kind = (0.75 * log(4 / 3) + 0.25 * log(4)) / log(4)
    assert diversity(genomes, FLAT) == pytest.approx((kind + 1) / 2)


def test_layers_are_compared_place_by_place() -> None:
    assert diversity(deep([1, 2, 4], [1, 2, 4]), DEEP) == 0
    assert diversity(deep([1, 2, 4], [4, 1, 2]), DEEP) == 0.5  # widths all, their number not
    assert diversity(deep([1], [1, 2]), DEEP) == 0.5  # the number does; no other second layer
    assert diversity(deep([1], [2, 2]), DEEP) == 1


def test_families_share_the_genes_that_are_the_same() -> None:
    rate, size = Ordinal(0.01, 0.1), Ordinal(1, 2)
    space = Space({"one": {"rate": rate, "size": size}, "other": {"rate": rate}})
    genomes = [
        space.genome("one", {"rate": 0.01, "size": 1}),
        space.genome("other", {"rate": 0.1}),
    ]
    assert diversity(genomes, space) == 1
    alike = [genomes[0], space.genome("other", {"rate": 0.01})]
    assert diversity(alike, space) == 0.5
    unlike = Space({"one": {"rate": rate}, "other": {"rate": Ordinal(0.1, 1.0)}})
    apart = [unlike.genome("one", {"rate": 0.01}), unlike.genome("other", {"rate": 1.0})]
    assert diversity(apart, unlike) == 1  # the family alone


def test_a_gene_counts_as_often_as_genomes_have_it() -> None:
    """Four have a kind and two of them a depth, in both of which they are equal but not in flag."""
    genes = {"flag": Flag(), "depth": Ordinal(1, 2, when={"flag": True})}
    space = Space({"some": genes})
    genomes = [space.genome("some", {"flag": f, "depth": 1}) for f in (True, True, False, False)]
    assert diversity(genomes, space) == pytest.approx((4 * 1 + 2 * 0) / 6)


def test_nothing_to_vary_is_no_diversity() -> None:
    assert diversity([], FLAT) == 0
    assert diversity(flat(("a", True)), FLAT) == 0
    assert diversity(deep([1, 2, 4]), DEEP) == 0


def test_a_stranger_is_refused() -> None:
    with pytest.raises(SpaceError, match="'deep' is not in this search space"):
        diversity(deep([1]), FLAT)
