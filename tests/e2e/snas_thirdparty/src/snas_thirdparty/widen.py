"""Widen: a mutation operator that works on any family, for it reads the genes and no names."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from snas_cli.api import Gene, Genes, Genome, Layers, Operator, Ordinal, Space, Value, hookimpl


class Widen(Operator):
    """Every ordered gene, those of the layers too, moves one step up, where it can."""

    name = "widen"

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        genes = space.genes(genome.family)
        return space.genome(genome.family, raised(genes, genome.genes))


def raised(genes: Mapping[str, Gene], record: Genes) -> dict[str, Any]:
    return {name: one_up(gene, record[name]) for name, gene in genes.items()}


def one_up(gene: Gene, value: Value) -> Value:
    if isinstance(gene, Layers):
        return [raised(gene.item, layer) for layer in value]
    if isinstance(gene, Ordinal) and value != gene.options[-1]:
        return gene.options[gene.options.index(value) + 1]
    return value


@hookimpl
def snas_register_operators() -> list[Operator]:
    return [Widen()]
