"""Genomes as numbers for a model: what is near what, and what families have in common."""

from __future__ import annotations

from itertools import pairwise
from math import dist
from random import Random
from typing import Any

import pytest

from snas_cli.genome import Choice, Flag, Gene, Genes, Layers, Ordinal, Space
from snas_cli.recipe.document import parse_document
from snas_cli.recipe.loading import check
from snas_cli.recipe.resolve import space_of
from snas_cli.registry import Registry

ITEM = {"filters": Ordinal(16, 32, 64), "act": Choice("relu", "elu")}
SPACE = Space({
    "cnn": {"norm": Flag(), "rate": Ordinal(0.001, 0.01, 0.1), "blocks": Layers(1, 8, ITEM)},
    "mlp": {"norm": Flag(), "rate": Ordinal(0.01, 0.1), "blocks": Layers(1, 8, ITEM)},
    "vit": {"heads": Ordinal(1, 2, 4), "norm": Flag()},
})  # fmt: skip


@pytest.mark.parametrize(
    ("gene", "one", "other", "apart"),
    [
        (Flag(), False, True, 1),
        (Choice("a", "b", "c"), "a", "c", 1),
        (Choice("a", "b", "c"), "b", "c", 1),
        (Ordinal(1, 2, 100), 1, 100, 1),
        (Ordinal(1, 2, 100), 1, 2, 0.5),
        (Ordinal(1, 2, 100), 2, 100, 0.5),
    ],
)
def test_how_far_apart_values_are(gene: Gene, one: Any, other: Any, apart: float) -> None:
    assert dist(gene.encode(one), gene.encode(other)) == pytest.approx(apart)


@pytest.mark.parametrize("gene", [Ordinal(1, 2, 3, 4), Choice("a", "b"), Ordinal(5), Choice("x")])
def test_a_value_at_rest_that_a_recipe_left_out_is_as_far_from_all(gene: Gene) -> None:
    """Such as the kernel of a layer that has none: it has no effect and so no place."""
    resting = gene.encode("out of the space" if isinstance(gene, Choice) else 99)
    first, last = (dist(resting, gene.encode(value)) for value in gene.extremes)
    assert first == pytest.approx(last)


def stack(*filters: int, act: str = "relu") -> tuple[Genes, ...]:
    return tuple(Genes({"filters": count, "act": act}) for count in filters)


def test_layers_are_their_number_the_first_the_last_and_the_mean() -> None:
    half, share = 0.5**0.5, 7**-0.5  # there are the depth and three times two genes
    numbers = Layers(1, 8, ITEM).encode((*stack(64), *stack(16, 32, act="elu")))
    count, first, *rest = (number / share for number in numbers)
    assert count == pytest.approx(0.528, abs=0.001)  # log 3 / log 8
    assert [first, *rest[:2]] == pytest.approx([1, half, 0])
    assert rest[2:5] == pytest.approx([0.5, 0, half])
    assert rest[5:] == pytest.approx([0.5, half / 3, 2 * half / 3])


def test_stacks_as_unlike_as_can_be_are_a_unit_apart() -> None:
    lowest, highest = stack(16), stack(*[64] * 8, act="elu")
    gene = Layers(1, 8, ITEM)
    assert dist(gene.encode(lowest), gene.encode(highest)) == pytest.approx(1)


def test_one_layer_more_counts_less_where_there_are_many() -> None:
    gene = Layers(1, 8, ITEM)
    counts = [gene.encode(stack(*[16] * count))[0] for count in range(1, 9)]
    steps = [more - less for less, more in pairwise(counts)]
    assert counts[0] == 0
    assert steps == sorted(steps, reverse=True)


def encoded(family: str, **changes: Any) -> list[float]:
    plain = {"norm": True, "rate": 0.01, "blocks": [dict(block) for block in stack(16, 64)]}
    values = {"heads": 2, "norm": True} if family == "vit" else plain
    return SPACE.encode(SPACE.genome(family, {**values, **changes}))


def test_families_share_the_places_of_the_genes_that_they_share() -> None:
    """A step of such a gene is the same for a model, whichever family it is in; a gene with other
    options is another gene."""

    def places(family: str, **changes: Any) -> list[int]:
        pairs = zip(encoded(family), encoded(family, **changes), strict=True)
        return [place for place, (one, other) in enumerate(pairs) if one != other]

    assert places("cnn", norm=False) == places("mlp", norm=False) == places("vit", norm=False)
    longer = [dict(block) for block in stack(16, 32, 64)]
    assert places("cnn", blocks=longer) == places("mlp", blocks=longer)
    assert not set(places("cnn", rate=0.1)) & set(places("mlp", rate=0.1))


def test_each_number_is_of_a_gene() -> None:
    owners = [("" if place < 3 else name) for place, name in enumerate(SPACE.encoded_genes)]
    assert owners == SPACE.encoded_genes  # the first are of the three families
    for family, gene, value in (("cnn", "rate", 0.1), ("vit", "heads", 4), ("mlp", "norm", False)):
        pairs = zip(owners, encoded(family), encoded(family, **{gene: value}), strict=True)
        assert {owner for owner, one, other in pairs if one != other} == {gene}


def test_what_a_family_lacks_is_0() -> None:
    heads = next(i for i, number in enumerate(encoded("vit", heads=4)) if number == 1)
    assert encoded("vit", heads=2)[heads] == 0.5
    assert encoded("cnn")[heads] == encoded("mlp")[heads] == 0


def test_genes_with_the_same_options_are_added_up_as_well() -> None:
    """As the edges of a cell are: what an operation is worth on one it is likely to be worth on
    another. Flags are not."""
    edges = {name: Choice("none", "conv", "pool") for name in ("a", "b", "c")}
    space = Space({"cell": {**edges, "wide": Flag(), "deep": Flag()}, "other": {"wide": Flag()}})
    one, other = (
        space.encode(
            space.genome("cell", {"a": "conv", "b": b, "c": "pool", "wide": True, "deep": False})
        )
        for b in ("conv", "none")
    )
    half = 0.5**0.5
    assert one[-3:] == pytest.approx([0, 2 * half, half])
    assert other[-3:] == pytest.approx([half, half, half])
    assert dist(one, other) == pytest.approx(2**0.5)  # of two edges, each has a place of its own
    assert len(one) == 2 + 3 * 3 + 2 * 2 + 3
    assert space.encoded_genes[-3:] == ["a+b+c"] * 3


def test_two_families_are_a_unit_apart() -> None:
    space = Space({"one": {"norm": Flag()}, "other": {"norm": Flag()}})
    one, other = (space.encode(space.genome(family, {"norm": True})) for family in space.families)
    assert dist(one, other) == pytest.approx(1)


def test_our_families_have_one_encoding(registry: Registry) -> None:
    recipe = check(parse_document("data: {dataset: digits}", "r.yaml"), registry)
    space = space_of(recipe.space, registry)
    for family in space.families:
        for seed in range(5):
            genome = space.sample(Random(seed), family)
            numbers = space.encode(genome)
            assert len(numbers) == len(space.encode(space.sample(Random(seed))))
            assert all(0 <= number <= 1 for number in numbers)
            child = space.mutate(genome, Random(seed), 0.5)
            assert (space.encode(child) == numbers) == (child == genome)
