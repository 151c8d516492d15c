"""Scale: the same step in every layer."""

from __future__ import annotations

from random import Random

from snas_cli.api import Genome, Layers, Operator, Ordinal, Space, Value, hookimpl


class Scale(Operator):
    """A number that every layer has, such as its filters, moves one step up in all of them, or one
    step down, as far as its options go: a network grows or shrinks and keeps its form, as by the
    width multiplier of Howard et al. 2017 (section 3.3)."""

    name = "scale"

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        numbers = [
            (site, name, gene)
            for site in space.sites(genome)
            if isinstance(site.gene, Layers)
            for name, gene in site.gene.item.items()
            if isinstance(gene, Ordinal)
        ]
        if not numbers:
            return genome
        site, name, gene = rng.choice(numbers)
        neighbour = rng.choice((gene.below, gene.above))

        def scaled(layers: Value) -> Value:
            return tuple(layer.replace(**{name: neighbour(layer[name])}) for layer in layers)

        return space.changed(genome, site, scaled, rng)


@hookimpl
def snas_register_operators() -> list[Operator]:
    return [Scale()]
