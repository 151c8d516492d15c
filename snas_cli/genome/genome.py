"""A genome: the complete description of one candidate architecture."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from snas_cli.genome.genes import Genes


@dataclass(frozen=True)
class Genome:
    """A family and the values of its genes; made by a `Space`, which has checked them."""

    family: str
    genes: Genes
    # What the network is made of, where several values of the genes come to the same.
    phenotype: Genes | None = field(default=None, compare=False, repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, the same on every machine: equal exactly for equal networks."""
        expressed = {"family": self.family, "genes": (self.phenotype or self.genes).to_json()}
        canonical = json.dumps(expressed, sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(canonical.encode(), digest_size=8).hexdigest()

    def to_json(self) -> dict[str, Any]:
        return {"family": self.family, "genes": self.genes.to_json()}
