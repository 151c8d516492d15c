"""Depth: one layer more or less."""

from __future__ import annotations

from random import Random

from snas_cli.api import Genome, Layers, Operator, Space, hookimpl


class Depth(Operator):
    """Duplicates a layer in place, or removes one: a copy fits where a random one may not."""

    name = "depth"

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        stacks = [(name, gene) for name, gene in space.genes(genome.family).items()
                  if isinstance(gene, Layers)]  # fmt: skip
        if not stacks:
            return genome
        name, gene = rng.choice(stacks)
        layers = genome.genes[name]
        where = rng.randrange(len(layers))
        shallower = (*layers[:where], *layers[where + 1 :])
        deeper = (*layers[: where + 1], *layers[where:])
        allowed = [stack for stack in (shallower, deeper) if gene.least <= len(stack) <= gene.most]
        if not allowed:
            return genome
        return space.genome(genome.family, genome.genes.replace(**{name: rng.choice(allowed)}))


@hookimpl
def snas_register_operators() -> list[Operator]:
    return [Depth()]
