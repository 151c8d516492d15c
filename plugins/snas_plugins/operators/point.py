"""Point mutation: every gene has its own chance of change, the family a fifth of it."""

from __future__ import annotations

from random import Random

from snas_cli.api import Genome, Operator, Space, hookimpl

FAMILY_SHARE = 0.2  # of the mutation rate: another family keeps little of what its parent learned


class Point(Operator):
    """Layers come and go, numbers move to a neighbour, choices are redrawn, flags flip."""

    name = "point"
    weight = 2.0

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        others = [family for family in space.families if family != genome.family]
        if others and rng.random() < FAMILY_SHARE * rate:
            return space.transplant(genome, rng.choice(others), rng)
        return space.mutate(genome, rng, rate)


@hookimpl
def snas_register_operators() -> list[Operator]:
    return [Point()]
