"""Depth: one layer more or less."""

from __future__ import annotations

from random import Random

from snas_cli.api import Genome, Layers, Operator, Space, Value, hookimpl


class Depth(Operator):
    """Duplicates a layer in place, or removes one: a copy fits where a random one may not."""

    name = "depth"

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        stacks = [site for site in space.sites(genome) if isinstance(site.gene, Layers)]
        if not stacks:
            return genome
        site = rng.choice(stacks)

        def resized(layers: Value) -> Value:
            where = rng.randrange(len(layers))
            shallower = (*layers[:where], *layers[where + 1 :])
            deeper = (*layers[: where + 1], *layers[where:])
            allowed = [stack for stack in (shallower, deeper) if _fits(stack, site.gene)]
            return rng.choice(allowed) if allowed else layers

        return space.changed(genome, site, resized, rng)


def _fits(layers: Value, gene: object) -> bool:
    assert isinstance(gene, Layers)
    return gene.least <= len(layers) <= gene.most


@hookimpl
def snas_register_operators() -> list[Operator]:
    return [Depth()]
