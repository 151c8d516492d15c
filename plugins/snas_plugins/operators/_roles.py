"""Operators that know what a gene stands for, and not the family that has it."""

from __future__ import annotations

from random import Random
from typing import ClassVar

from snas_cli.api import Genome, Operator, Space


class RoleOperator(Operator):
    """The smallest change of one gene whose role is among `roles`, each role being as likely, in a
    genome that has a gene of one of the roles `marks`."""

    roles: ClassVar[frozenset[str]]
    marks: ClassVar[frozenset[str]]

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        sites = [site for site in space.sites(genome) if site.gene.role in self.roles]
        found = sorted({site.gene.role for site in sites if site.gene.role})
        if not self.marks.intersection(found):
            return genome
        role = rng.choice(found)
        site = rng.choice([site for site in sites if site.gene.role == role])
        return space.step(genome, site, rng)
