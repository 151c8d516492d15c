"""The search space as a recipe wants it, and the levels of a progressive search."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from snas_cli.api import Space
from snas_cli.errors import RecipeError
from snas_cli.recipe.document import parse_document
from snas_cli.recipe.loading import check
from snas_cli.recipe.resolve import levels_of, space_of, widest_space
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry


def recipe_of(registry: Registry, text: str) -> Recipe:
    return check(parse_document(f"data: {{dataset: digits}}\n{text}", "r.yaml"), registry)


def space(registry: Registry, text: str) -> Space:
    return space_of(recipe_of(registry, text).space, registry)


def item(space: Space, family: str, gene: str) -> Any:
    return space.genes(family)["layers"].item[gene]  # type: ignore[attr-defined]


# --- genes ----------------------------------------------------------------------------------------


def test_a_gene_of_all_families_and_one_of_a_single_one(registry: Registry) -> None:
    changed = space(
        registry,
        "space: {genes: {dropout: 0.15, activation: [relu, selu], resnet: {filters: [16, 512]}}}",
    )
    assert {genes["dropout"].options for genes in changed.families.values()} == {(0.15,)}
    assert item(changed, "cnn", "activation").options == ("relu", "selu")
    assert item(changed, "resnet", "filters").options == (16, 512)
    assert item(changed, "cnn", "filters").options == (16, 24, 32, 48, 64, 96, 128, 192, 256)


def test_genomes_are_drawn_from_what_is_left(registry: Registry) -> None:
    narrow = space(registry, "space: {families: [cnn], genes: {layers: [3, 4], kernel: [3, 9]}}")
    for seed in range(20):
        layers = narrow.sample(Random(seed)).genes["layers"]
        assert 3 <= len(layers) <= 4
        assert {layer["kernel"] for layer in layers} <= {3, 9}


def test_a_gene_of_a_family_that_is_not_searched(registry: Registry) -> None:
    with pytest.raises(RecipeError, match=r"resnet is not among space\.families"):
        recipe_of(registry, "space: {families: [cnn], genes: {resnet: {filters: 16}}}")


def test_an_architecture_from_a_widened_space_can_be_read_without_its_recipe(
    registry: Registry,
) -> None:
    wide = space(registry, "space: {families: [cnn], genes: {kernel: 9, filters: 48, layers: 60}}")
    genome = wide.sample(Random(0))
    again = widest_space(registry.family("cnn")).from_json(genome.to_json())
    assert again.fingerprint == genome.fingerprint


# --- how many layers ------------------------------------------------------------------------------


def test_families_that_cannot_have_so_many_layers_are_left_out(registry: Registry) -> None:
    deep = space(registry, "space: {min_layers: 8}")
    assert "resnet" in deep.families
    assert "densenet" not in deep.families
    assert deep.genes("resnet")["layers"].allowed == "a list of 8 to 50 layers"
    with pytest.raises(RecipeError, match="densenet has at least 2 and at most 5 layers"):
        recipe_of(registry, "space: {min_layers: 8, families: [densenet]}")
    with pytest.raises(RecipeError, match="min_layers is more than max_layers"):
        recipe_of(registry, "space: {min_layers: 8, max_layers: 7}")


# --- levels ---------------------------------------------------------------------------------------


def test_the_levels_of_the_mission(registry: Registry) -> None:
    first, second, third = levels_of(recipe_of(registry, ""), registry)
    assert list(first.families) == ["cnn", "mlp"]
    assert first.genes("cnn")["layers"].allowed == "a list of 2 to 3 layers"
    assert item(first, "cnn", "filters").options == (16, 24, 32, 48, 64, 96, 128)
    assert item(first, "cnn", "activation").options == ("relu",)
    assert item(first, "cnn", "skip").options == (False,)
    assert list(second.families) == ["cnn", "enhanced_mlp", "mlp", "mobilenet", "resnet"]
    assert second.genes("resnet")["layers"].allowed == "a list of 3 to 5 layers"
    assert item(second, "cnn", "filters").options == (16, 24, 32, 48, 64, 96, 128, 192, 256)
    assert list(third.families) == registry.names("family")
    assert third.genes("vit")["layers"].allowed == "a list of 2 to 50 layers"


def test_levels_can_be_switched_off(registry: Registry) -> None:
    (whole,) = levels_of(recipe_of(registry, "search: {progressive: false}"), registry)
    assert list(whole.families) == registry.names("family")


def test_a_family_by_itself_is_searched_from_the_start(registry: Registry) -> None:
    """The predecessor answered --network-type resnet --min-layers 6 with a 3-layer MLP."""
    levels = levels_of(recipe_of(registry, "space: {families: [resnet], min_layers: 6}"), registry)
    assert len(levels) == 2  # it enters at the second of three
    for level in levels:
        assert list(level.families) == ["resnet"]
        assert level.genes("resnet")["layers"].allowed == "a list of 6 to 50 layers"


def test_a_recipe_has_its_own_levels(registry: Registry) -> None:
    text = "space: {levels: [{families: [vit], layers: [4, 6], genes: {heads: {most: 4}}}, {}]}"
    first, second = levels_of(recipe_of(registry, text), registry)
    assert list(first.families) == ["vit"]
    assert first.genes("vit")["layers"].allowed == "a list of 4 to 6 layers"
    assert item(first, "vit", "heads").options == (1, 2, 4)
    assert list(second.families) == registry.names("family")  # at the last one, all


def test_every_level_is_part_of_the_whole_space(registry: Registry) -> None:
    recipe = recipe_of(registry, "")
    whole = space_of(recipe.space, registry)
    for level in levels_of(recipe, registry):
        for seed in range(40):
            genome = level.sample(Random(seed))
            assert whole.from_json(genome.to_json()).fingerprint == genome.fingerprint


# --- what cannot be -------------------------------------------------------------------------------

GENES = [
    ("{krnel: 3}", "genes.krnel: there is no gene 'krnel'; did you mean 'kernel'?"),
    ("{kernel: 4}", "genes.kernel: 4 is not one of 3, 5, 7, and may be given whole"),
    ("{optimizer: rmsprop}", "genes.optimizer: rmsprop is not one of sgd, adam, adamw"),
    ("{cnn: {patch: 4}}", "genes.cnn.patch: cnn has no gene 'patch'; known: activation"),
    ("{cnn: {kernel: [3, 6]}}", "genes.cnn.kernel: 6 is not one of 3, 5, 7"),
    ("{cnn: 3}", "genes.cnn: holds cnn's genes and their options, not 3"),
    ("{layers: 1}", "genes.layers: 1 is not a number of layers from 2 to 100"),
    ("{patch: 100}", "genes.patch: 100 is not one of 2, 4, 7, 8, 14, 16, and may be"),
    ("{filters: 6}", "genes.filters: efficientnet: 6 is not one of 16, 24, 40"),
    ("{dropout: {}}", "genes.dropout: {} is not one of 0.0, 0.1"),
]
LEVELS = [
    ("{families: [resnt]}", "levels.0.families.0: there is no family 'resnt'; did you"),
    ("{layers: [5, 3]}", "levels.0.layers: needs the least and the most, not [5, 3]"),
    ("{genes: {krnel: 3}}", "levels.0.genes.krnel: there is no gene 'krnel'; did you"),
    ("{genes: {kernel: 4}}", "levels.0.genes.kernel: none of 4 is an option of kernel"),
    ("{genes: {kernel: {least: 4}}}", "levels.0.genes.kernel: needs a value, a list of values, or"),
    ("{layer: 3}", "levels.0.layer: there is no such key; did you mean 'layers'?"),
]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *((f"space:\n  genes: {genes}", f"r.yaml:3: space.{said}") for genes, said in GENES),
        *((f"space:\n  levels:\n  - {level}", f"r.yaml:4: space.{said}") for level, said in LEVELS),
    ],
)
def test_it_is_said_with_its_line(registry: Registry, text: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_of(registry, text)
    assert message in str(caught.value)
