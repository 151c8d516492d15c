"""The search space: which families there are, and which genes each of them has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from snas_cli.errors import SpaceError, near_match
from snas_cli.genome.genes import (
    Gene,
    Value,
    check_conditions,
    mutate_record,
    parse_record,
    record_similarity,
    settle,
)
from snas_cli.genome.genome import Genome


@dataclass(frozen=True)
class Space:
    """Families by name, each with its genes by name. Genomes are made here and nowhere else."""

    families: Mapping[str, Mapping[str, Gene]]

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

    def genome(self, family: str, values: Mapping[str, Any]) -> Genome:
        """A genome of these values. Raises SpaceError naming every value that is not allowed."""
        try:
            return Genome(family, parse_record(self.genes(family), values, family))
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
        genes = self.genes(chosen)
        return Genome(chosen, settle(genes, {name: g.sample(rng) for name, g in genes.items()}))

    def started(self, genome: Genome) -> Genome:
        """`genome` with each gene that declares a `start` at that value."""
        genes = self.genes(genome.family)
        starts = {name: g.start for name, g in genes.items() if g.start is not None}
        return Genome(genome.family, settle(genes, genome.genes.replace(**starts)))

    def mutate(self, genome: Genome, rng: Random, rate: float) -> Genome:
        """A copy in which each gene, those of the layers too, has changed with chance `rate`."""
        genes = self.genes(genome.family)
        return Genome(genome.family, mutate_record(genes, genome.genes, rng, rate))

    def transplant(self, genome: Genome, family: str, rng: Random) -> Genome:
        """`genome` as a member of another family: what that family also has is kept, where its
        values allow, and the rest is drawn."""
        genes = self.genes(family)
        values = {name: _kept_or_drawn(gene, genome.genes.get(name), rng)
                  for name, gene in genes.items()}  # fmt: skip
        return Genome(family, settle(genes, values))

    def crossover(self, one: Genome, other: Genome, rng: Random) -> Genome:
        """A child of two genomes of one family: one cut through the layers, every other gene from
        either parent. Raises SpaceError where the families differ."""
        if one.family != other.family:
            raise SpaceError(f"no crossover between {one.family} and {other.family}")
        genes = self.genes(one.family)
        values = {name: g.cross(one.genes[name], other.genes[name], rng)
                  for name, g in genes.items()}  # fmt: skip
        return Genome(one.family, settle(genes, values))

    def similarity(self, one: Genome, other: Genome) -> float:
        """From 0 to 1, symmetric, 1 exactly for equal genomes. Members of different families are
        compared by the genes that both have; whatever only one has counts as unlike."""
        if one.family == other.family:
            return record_similarity(self.genes(one.family), one.genes, other.genes)
        mine, yours = self.genes(one.family), self.genes(other.family)
        shared = mine.keys() & yours.keys()
        alike = sum(1 for name in shared if one.genes[name] == other.genes[name])
        return alike / (len(mine.keys() | yours.keys()) + 1)  # + 1: the family itself


def _kept_or_drawn(gene: Gene, value: Value, rng: Random) -> Value:
    try:
        return gene.parse(value)
    except ValueError:
        return gene.sample(rng)
