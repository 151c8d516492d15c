"""Nudge: the smallest change there is."""

from __future__ import annotations

from random import Random

from snas_cli.api import Genome, Layers, Operator, Ordinal, Space, hookimpl


class Nudge(Operator):
    """One ordered gene, the genome's own or one layer's, moves one step up or down."""

    name = "nudge"

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        genes, values = space.genes(genome.family), genome.genes.to_json()
        places = [(values, name, gene) for name, gene in genes.items()]
        for name, gene in genes.items():
            if isinstance(gene, Layers):
                places += [(layer, part, inner) for layer in values[name]
                           for part, inner in gene.item.items()]  # fmt: skip
        ordered = [place for place in places if isinstance(place[2], Ordinal)]
        if not ordered:
            return genome
        record, name, gene = rng.choice(ordered)
        record[name] = gene.mutate(record[name], rng, rate=1)
        return space.genome(genome.family, values)


@hookimpl
def snas_register_operators() -> list[Operator]:
    return [Nudge()]
