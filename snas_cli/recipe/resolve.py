"""From names in a recipe to the components they stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from snas_cli.api import Choice, Flag, Gene, Genome, Layers, Operator, Ordinal, SearchSetup, Space
from snas_cli.errors import RecipeError
from snas_cli.recipe.schema import Recipe, SpaceSettings
from snas_cli.registry import Registry

SHARED_GENES: Mapping[str, Gene] = {
    "batch_norm": Flag(start=True),
    "dropout": Ordinal(0.0, 0.1, 0.2, 0.3, 0.5, start=0.1),
    "learning_rate": Ordinal(0.0001, 0.001, 0.01, 0.1, start=0.01),
    "optimizer": Choice("sgd", "adam", "adamw", start="adamw"),
}
"""What every family has beside its own genes."""


def space_of(settings: SpaceSettings, registry: Registry) -> Space:
    """Raises RecipeError where max_layers is less than a family needs."""
    names = settings.families or registry.names("family")
    return Space({name: _genes(name, settings, registry) for name in names})


def _genes(family: str, settings: SpaceSettings, registry: Registry) -> dict[str, Gene]:
    genes = {**SHARED_GENES, **registry.family(family).genes}
    if settings.max_layers is None:
        return genes
    return {name: _at_most(settings.max_layers, family, gene) for name, gene in genes.items()}


def _at_most(most: int, family: str, gene: Gene) -> Gene:
    if not isinstance(gene, Layers):
        return gene
    if most < gene.least:
        raise RecipeError([f"space.max_layers: {family} needs at least {gene.least}, not {most}"])
    return gene.within(most)


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


def setup_of(
    recipe: Recipe, registry: Registry, space: Space, admit: Callable[[Genome], bool]
) -> SearchSetup:
    search = recipe.search
    return SearchSetup(
        space=space,
        operators=operators_of(recipe, registry),
        admit=admit,
        population_size=search.population_size,
        elites=search.elites,
        tournament_size=search.tournament_size,
        mutation_rate=search.mutation_rate,
        crossover_rate=search.crossover_rate,
        options=search.options,
    )
