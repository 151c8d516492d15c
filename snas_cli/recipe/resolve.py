"""From names in a recipe to the components they stand for."""

from __future__ import annotations

from collections.abc import Mapping

from snas_cli.api import ACCURACY, Family, Gene, Objective, Operator, Space
from snas_cli.errors import RecipeError
from snas_cli.kinds.families import genes_of
from snas_cli.recipe.customising import customise, level_families, space_faults
from snas_cli.recipe.schema import Recipe, SpaceSettings
from snas_cli.registry import Registry


def space_of(settings: SpaceSettings, registry: Registry) -> Space:
    """The whole space. Raises RecipeError for what it cannot be."""
    faults = space_faults(settings, registry)
    if faults:
        raise RecipeError([f"{'.'.join(map(str, key))}: {fault}" for key, fault in faults])
    return _space(customise(settings, registry).families, registry)


def levels_of(recipe: Recipe, registry: Registry) -> tuple[Space, ...]:
    """The parts of the space that a progressive search goes through; else the whole alone. A level
    at which no family has entered yet is left out."""
    whole = customise(recipe.space, registry).families
    if not recipe.search.progressive:
        return (_space(whole, registry),)
    levels = recipe.space.levels
    parts = [level_families(n, levels, whole, registry) for n in range(1, len(levels) + 1)]
    return tuple(_space(part, registry) for part in parts if part)


def own_space(family: Family) -> Space:
    """All of a family, as it declares itself."""
    return Space(
        {family.name: genes_of(family)},
        {family.name: family.phenotype},
        {family.name: family.textbook},
    )


def widest_space(family: Family) -> Space:
    """Whatever a recipe could make of a family, to read architectures without their recipe."""
    genes = {name: gene.widened() for name, gene in genes_of(family).items()}
    return Space({family.name: genes}, {family.name: family.phenotype})


def _space(families: Mapping[str, Mapping[str, Gene]], registry: Registry) -> Space:
    members = [registry.family(name) for name in families]
    return Space(
        families,
        {family.name: family.phenotype for family in members},
        {family.name: family.textbook for family in members},
    )


def operators_of(recipe: Recipe, registry: Registry) -> tuple[tuple[Operator, float], ...]:
    """The mutation operators with their weights, sorted by name. Raises RecipeError where every
    weight is 0."""
    weighted = [
        (operator, recipe.search.operators.get(name, operator.weight))
        for name in registry.names("operator")
        for operator in (registry.operator(name),)
    ]
    chosen = tuple((operator, weight) for operator, weight in weighted if weight > 0)
    if not chosen:
        raise RecipeError(["search.operators: every weight is 0, so nothing could ever change"])
    return chosen


def objectives_of(recipe: Recipe) -> tuple[Objective, ...]:
    """What the recipe seeks. All but the accuracy are metrics that are to be small."""
    return tuple(
        ACCURACY if name == ACCURACY.name else Objective(name, name)
        for name in recipe.search.objectives
    )
