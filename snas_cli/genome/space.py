"""The search space: which families there are, and which genes each of them has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt
from random import Random
from typing import Any

from snas_cli.errors import SpaceError, near_match
from snas_cli.genome.genes import Choice, Gene, Genes, Ordinal, Value
from snas_cli.genome.genome import Genome
from snas_cli.genome.layers import Layers
from snas_cli.genome.records import (
    check_conditions,
    count_records,
    cross_record,
    effective_genes,
    extreme_records,
    fit_record,
    mutate_record,
    parse_record,
    record_similarity,
    sample_record,
    settle,
)

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Site:
    """A gene in a genome and the way to it: ("dropout",) or ("layers", 3, "filters")."""

    gene: Gene
    path: Path


@dataclass(frozen=True)
class _Columns:
    """Which of the numbers of `Space.encode` is whose."""

    families: Mapping[str, int]
    genes: Mapping[str, list[tuple[tuple[str, ...], int]]]  # of each family, those that are added
    # up in one place, with where it begins
    width: int


@dataclass(frozen=True)
class Space:
    """Families by name, each with its genes by name. Genomes are made here and nowhere else.

    `phenotypes` has, for families in which several genomes describe one network, what the network
    is made of (see `snas_cli.api.Family.phenotype`); `textbooks`, what somebody would try first of
    a family (see `Family.textbook`).
    """

    families: Mapping[str, Mapping[str, Gene]]
    phenotypes: Mapping[str, Callable[[Genes], Genes]] = field(default_factory=dict)
    textbooks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.families:
            raise SpaceError("a search space needs at least one family")
        for name, genes in self.families.items():
            try:
                check_conditions(genes)
            except ValueError as fault:
                raise SpaceError(f"family {name!r}: {fault}") from None
        # Sorted, so that no random draw depends on the order in which plugins were found.
        ordered = {name: dict(self.families[name]) for name in sorted(self.families)}
        object.__setattr__(self, "families", ordered)

    def genes(self, family: str) -> Mapping[str, Gene]:
        """Raises SpaceError for a family that is not part of this space."""
        if family not in self.families:
            hint = near_match(family, self.families)
            raise SpaceError(f"family {family!r} is not in this search space; {hint}")
        return self.families[family]

    def size(self, family: str) -> int:
        """How many genomes of the family there are."""
        return count_records(self.genes(family))

    def extremes(self, family: str) -> tuple[Genome, Genome]:
        """The genome with every gene at its lowest value, and the one with all at their highest."""
        lowest, highest = extreme_records(self.genes(family))
        return self._made(family, lowest), self._made(family, highest)

    # --- making genomes ---------------------------------------------------------------------------

    def genome(self, family: str, values: Mapping[str, Any]) -> Genome:
        """A genome of these values. Raises SpaceError naming every value that is not allowed."""
        try:
            return self._made(family, parse_record(self.genes(family), values, family))
        except ValueError as fault:
            raise SpaceError(f"not an architecture of this search space: {fault}") from None

    def from_json(self, document: Any) -> Genome:
        """The genome that `Genome.to_json` wrote. Raises SpaceError."""
        if not isinstance(document, Mapping) or not {"family", "genes"} <= document.keys():
            raise SpaceError("an architecture needs the keys 'family' and 'genes'")
        return self.genome(str(document["family"]), document["genes"])

    def sample(self, rng: Random, family: str | None = None) -> Genome:
        """A random genome, of `family` or of any."""
        chosen = family or rng.choice(list(self.families))
        return self._made(chosen, sample_record(self.genes(chosen), rng))

    def started(self, genome: Genome) -> Genome:
        """`genome` with each gene that declares a `start` at that value."""
        genes = self.genes(genome.family)
        starts = {name: g.start for name, g in genes.items() if g.start is not None}
        return self._made(genome.family, settle(genes, genome.genes.replace(**starts)))

    def textbook(self, family: str) -> Genome | None:
        """The family as somebody would try it first, as far as the options and the numbers of
        layers allow, with training settings that work for most. What nobody says is drawn, always
        the same. None for a family without a textbook."""
        if not self.textbooks.get(family):
            return None
        genes = self.genes(family)
        said = {name: gene.start for name, gene in genes.items() if gene.start is not None}
        for name, value in self.textbooks[family].items():
            gene = genes[name]
            said[name] = (
                gene.resized(tuple(map(Genes, value))) if isinstance(gene, Layers) else value
            )
        return self._made(family, fit_record(genes, said, Random(family)))

    def slimmer(self, genome: Genome) -> Genome:
        """Every number of every layer at the next lower option, where there is one."""
        genes = self.genes(genome.family)
        slim = {name: gene.slimmer(genome.genes[name])
                for name, gene in genes.items() if isinstance(gene, Layers)}  # fmt: skip
        return self._made(genome.family, settle(genes, genome.genes.replace(**slim)))

    def mutate(self, genome: Genome, rng: Random, rate: float) -> Genome:
        """A copy in which each gene, those of the layers too, has changed with chance `rate`."""
        genes = self.genes(genome.family)
        return self._made(genome.family, mutate_record(genes, genome.genes, rng, rate))

    def transplant(self, genome: Genome, family: str, rng: Random) -> Genome:
        """`genome` as a member of a family, another or its own with other options: what the family
        has too is kept, or its closest value is taken, and the rest is drawn."""
        return self._made(family, fit_record(self.genes(family), genome.genes, rng))

    def crossover(self, one: Genome, other: Genome, rng: Random) -> Genome:
        """A child of two genomes of one family: one cut through the layers, every other gene from
        either parent. Raises SpaceError where the families differ."""
        if one.family != other.family:
            raise SpaceError(f"no crossover between {one.family} and {other.family}")
        genes = self.genes(one.family)
        return self._made(one.family, cross_record(genes, one.genes, other.genes, rng))

    # --- single genes -----------------------------------------------------------------------------

    def sites(self, genome: Genome) -> list[Site]:
        """Every gene that has an effect in `genome`, those of the layers too."""
        return list(_sites(self.genes(genome.family), genome.genes, ()))

    def step(self, genome: Genome, site: Site, rng: Random) -> Genome:
        """`genome` with the smallest change of the gene at `site`: a number moves to a neighbour,
        a choice is redrawn, a flag flips, a layer comes or goes."""
        return self.changed(genome, site, lambda value: site.gene.step(value, rng), rng)

    def changed(
        self, genome: Genome, site: Site, change: Callable[[Value], Value], rng: Random
    ) -> Genome:
        """`genome` with another value at `site`; what then begins to have an effect is drawn where
        its value is none of its own."""
        values = _replaced(genome.genes, site.path, change)
        return self._made(genome.family, fit_record(self.genes(genome.family), values, rng))

    def encode(self, genome: Genome) -> list[float]:
        """`genome` as numbers for a model to learn from, as many for every genome of the space:
        which family it is of, then every gene that any family has. Genes of one name and with the
        same values share their places, so that what is learned of one family helps with another;
        the places of genes that a family lacks are 0. Genes that choose among the same options, as
        the edges of a cell do, are added up in further places: what an option is worth in one of
        them it is likely to be worth in the others."""
        columns, genes = self._columns, self.families[genome.family]
        numbers = [0.0] * columns.width
        numbers[columns.families[genome.family]] = sqrt(0.5)
        for names, start in columns.genes[genome.family]:
            for name in names:
                for i, number in enumerate(genes[name].encode(genome.genes[name]), start):
                    numbers[i] += number
        return numbers

    @cached_property
    def encoded_genes(self) -> list[str]:
        """Whose each number of `encode` is: the name of a gene, or of several that are added up
        with + between them; for the family, nothing."""
        owners = [""] * self._columns.width
        for family, placed in self._columns.genes.items():
            for names, start in placed:
                gene = self.families[family][names[0]]
                width = len(gene.encode(gene.extremes[0]))
                owners[start : start + width] = ["+".join(names)] * width
        return owners

    @cached_property
    def _columns(self) -> _Columns:
        places: dict[tuple[str, str], int] = {}
        end = len(self.families)
        columns: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        for family, genes in self.families.items():
            columns[family] = []
            for names in [*((name,) for name in genes), *_alike(genes)]:
                gene = genes[names[0]]
                start = places.setdefault((names[0] if len(names) == 1 else "", repr(gene)), end)
                if start == end:
                    end += len(gene.encode(gene.extremes[0]))
                columns[family].append((names, start))
        return _Columns({family: i for i, family in enumerate(self.families)}, columns, end)

    def similarity(self, one: Genome, other: Genome) -> float:
        """From 0 to 1, symmetric, 1 exactly for equal genomes. Members of different families are
        compared by the genes that both have; whatever only one has counts as unlike."""
        if one.family == other.family:
            return record_similarity(self.genes(one.family), one.genes, other.genes)
        mine, yours = self.genes(one.family), self.genes(other.family)
        shared = mine.keys() & yours.keys()
        alike = sum(1 for name in shared if one.genes[name] == other.genes[name])
        return alike / (len(mine.keys() | yours.keys()) + 1)  # + 1: the family itself

    def _made(self, family: str, genes: Genes) -> Genome:
        phenotype = self.phenotypes.get(family)
        return Genome(family, genes, phenotype(genes) if phenotype else None)


def _alike(genes: Mapping[str, Gene]) -> list[tuple[str, ...]]:
    """The names of those that choose among the same options; not flags, for one's yes says nothing
    of another's."""
    by_options: dict[str, list[str]] = {}
    for name, gene in genes.items():
        if isinstance(gene, Choice | Ordinal):
            by_options.setdefault(repr(gene), []).append(name)
    return [tuple(names) for names in by_options.values() if len(names) > 1]


def _sites(genes: Mapping[str, Gene], record: Genes, path: Path) -> Iterator[Site]:
    for name, gene in effective_genes(genes, record).items():
        yield Site(gene, (*path, name))
        if isinstance(gene, Layers):
            for i, layer in enumerate(record[name]):
                yield from _sites(gene.item, layer, (*path, name, i))


def _replaced(genes: Genes, path: Path, change: Callable[[Value], Value]) -> Genes:
    name, *rest = path
    value = genes[str(name)]
    if not rest:
        return genes.replace(**{str(name): change(value)})
    i, *inner = rest
    assert isinstance(i, int)  # a path goes by turns through names and numbers of layers
    layers = list(value)
    layers[i] = _replaced(layers[i], tuple(inner), change)
    return genes.replace(**{str(name): tuple(layers)})
