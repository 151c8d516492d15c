"""Nudge: the smallest change there is."""

from __future__ import annotations

from random import Random

from snas_cli.api import Genome, Operator, Ordinal, Space, hookimpl


class Nudge(Operator):
    """One ordered gene, the genome's own or one layer's, moves one step up or down."""

    name = "nudge"

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        ordered = [site for site in space.sites(genome) if isinstance(site.gene, Ordinal)]
        return space.step(genome, rng.choice(ordered), rng) if ordered else genome


@hookimpl
def snas_register_operators() -> list[Operator]:
    return [Nudge()]
