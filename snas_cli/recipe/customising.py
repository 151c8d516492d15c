"""The search space as a recipe wants it: which families, which of their genes' options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from snas_cli.api import Gene, Layers
from snas_cli.errors import near_match
from snas_cli.kinds.families import genes_of
from snas_cli.recipe.document import Key
from snas_cli.recipe.schema import LEVELS, LevelSettings, SpaceSettings
from snas_cli.registry import Registry

Families = Mapping[str, Mapping[str, Gene]]


@dataclass
class Customised:
    """Families with their genes after what a recipe says of them, and what it says wrongly."""

    families: dict[str, dict[str, Gene]]
    faults: list[tuple[Key, str]] = field(default_factory=list)  # key in the recipe, sentence


def customise(settings: SpaceSettings, registry: Registry) -> Customised:
    """The whole space of a recipe."""
    space = Customised({
        name: genes_of(registry.family(name))
        for name in settings.families or registry.names("family")
    })  # fmt: skip
    for name, wish in settings.genes.items():
        key: Key = ("space", "genes", name)
        if name in registry.names("family"):
            _customise_family(space, name, wish, key)
        else:
            _customise_all(space, name, wish, key)
    _bound_layers(space, settings)
    return space


def space_faults(settings: SpaceSettings, registry: Registry) -> list[tuple[Key, str]]:
    """What a recipe says wrongly of the space: the key in the recipe, a sentence."""
    space = customise(settings, registry)
    every = {name: genes_of(registry.family(name)) for name in registry.names("family")}
    return [*space.faults, *_level_faults(settings.levels, every)]


def _customise_family(space: Customised, family: str, wishes: Any, key: Key) -> None:
    if family not in space.families:
        space.faults.append((key, f"{family} is not among space.families"))
    elif not isinstance(wishes, Mapping):
        space.faults.append((key, f"holds {family}'s genes and their options, not {wishes!r}"))
    else:
        for name, wish in wishes.items():
            fault = _customise_gene(space, family, name, wish)
            if fault:
                space.faults.append(((*key, name), fault))


def _customise_all(space: Customised, name: str, wish: Any, key: Key) -> None:
    owners = [family for family, genes in space.families.items() if name in gene_names(genes)]
    if not owners:
        space.faults.append((key, _no_gene(name, space.families)))
    refused: dict[str, list[str]] = {}
    for family in owners:
        fault = _customise_gene(space, family, name, wish)
        if fault:
            refused.setdefault(fault, []).append(family)
    for fault, families in refused.items():
        whose = "" if families == owners else f"{', '.join(families)}: "
        space.faults.append((key, whose + fault))


def _customise_gene(space: Customised, family: str, name: str, wish: Any) -> str | None:
    """What is wrong with the wish, if anything is."""
    genes = space.families[family]
    if name not in gene_names(genes):
        return _no_gene(name, {family: genes})
    try:
        space.families[family] = _changed(genes, name, wish)
    except ValueError as fault:
        return str(fault)
    return None


def _changed(genes: Mapping[str, Gene], name: str, wish: Any) -> dict[str, Gene]:
    """`genes`, in which that of the name, or the layers' of it, is as wished. Raises ValueError."""
    changed = dict(genes)
    for own, gene in genes.items():
        if own == name:
            changed[own] = gene.customised(wish)
        elif isinstance(gene, Layers) and name in gene_names(gene.item):
            changed[own] = gene.with_item(_changed(gene.item, name, wish))
    return changed


def gene_names(genes: Mapping[str, Gene]) -> set[str]:
    """Those of the layers too."""
    return {name for name, _ in all_genes(genes)}


def all_genes(genes: Mapping[str, Gene]) -> Iterator[tuple[str, Gene]]:
    for name, gene in genes.items():
        yield name, gene
        if isinstance(gene, Layers):
            yield from all_genes(gene.item)


def _no_gene(name: str, families: Families) -> str:
    names = sorted({gene for genes in families.values() for gene in gene_names(genes)})
    whose = f"{next(iter(families))} has" if len(families) == 1 else "there is"
    return f"{whose} no gene {name!r}; {near_match(name, names)}"


def _bound_layers(space: Customised, settings: SpaceSettings) -> None:
    """A family that cannot have so many layers is left out, unless the recipe names it."""
    low, high = settings.min_layers or 1, settings.max_layers
    for family, genes in list(space.families.items()):
        stacks = {name: gene for name, gene in genes.items() if isinstance(gene, Layers)}
        if not settings.families and any(gene.most < low for gene in stacks.values()):
            del space.families[family]
            continue
        for name, gene in stacks.items():
            least, most = max(gene.least, low), min(gene.most, high or gene.most)
            if least <= most:
                genes[name] = gene.bounded(least, most)
            else:
                key = "max_layers" if low <= gene.most else "min_layers"
                bounds = f"{family} has at least {gene.least} and at most {gene.most} layers"
                space.faults.append((("space", key), bounds))
    if not space.families:
        space.faults.append((("space", "min_layers"), "no family can have so many layers"))


# --- levels ---------------------------------------------------------------------------------------


def level_families(
    number: int, levels: list[LevelSettings], whole: Families, registry: Registry
) -> dict[str, dict[str, Gene]]:
    """The families of a level, counted from 1, each with what is left of its genes' options."""
    level, last = levels[number - 1], number == len(levels)
    entered = [name for name in whole if last or registry.family(name).level <= number]
    names = entered if level.families is None else [n for n in whole if n in level.families]
    return {name: _narrowed(whole[name], level) for name in names}


def _narrowed(genes: Mapping[str, Gene], level: LevelSettings) -> dict[str, Gene]:
    return {
        name: _narrowed_stack(gene, level)
        if isinstance(gene, Layers)
        else _narrowed_gene(gene, level.genes.get(name))
        for name, gene in genes.items()
    }


def _narrowed_stack(stack: Layers, level: LevelSettings) -> Layers:
    kept = stack.with_item(_narrowed(stack.item, level))
    low, high = level.layers or (stack.least, stack.most)
    least, most = max(stack.least, low), min(stack.most, high)
    return kept.bounded(least, most) if least <= most else kept


def _narrowed_gene(gene: Gene, wish: Any) -> Gene:
    """One that would have no option left keeps all: a level knows nothing of a stranger's genes."""
    left = [option for option in gene.options if wish is not None and _is_wanted(option, wish)]
    return gene.customised(left) if left else gene


def _is_wanted(option: Any, wish: Any) -> bool:
    """A wish is a value, a list of them, or {most: the largest}."""
    if isinstance(wish, Mapping):
        return isinstance(option, int | float) and option <= wish["most"]
    return option in (wish if isinstance(wish, list) else [wish])


def _level_faults(levels: list[LevelSettings], whole: Families) -> Iterator[tuple[Key, str]]:
    """What levels say wrongly: the key in the recipe, a sentence."""
    for i, level in enumerate(levels):
        if level in LEVELS:  # ours are right, even where a plugin of ours could not be loaded
            continue
        key: Key = ("space", "levels", i)
        if level.layers and not 1 <= level.layers[0] <= level.layers[1]:
            yield (*key, "layers"), f"needs the least and the most, not {level.layers}"
        for name, wish in level.genes.items():
            fault = _level_gene_fault(name, wish, whole)
            if fault:
                yield (*key, "genes", name), fault


def _level_gene_fault(name: str, wish: Any, whole: Families) -> str | None:
    genes = [gene for of in whole.values() for own, gene in all_genes(of) if own == name]
    if not genes:
        return _no_gene(name, whole)
    if isinstance(wish, Mapping) and not (
        wish.keys() == {"most"} and isinstance(wish["most"], int | float)
    ):
        return "needs a value, a list of values, or {most: a number}"
    if not any(_is_wanted(option, wish) for gene in genes for option in gene.options):
        return f"none of {wish} is an option of {name}: {genes[0].allowed}"
    return None
