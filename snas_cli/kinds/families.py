"""Families: kinds of network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from snas_cli.genome import Choice, Flag, Gene, Genes, Ordinal

if TYPE_CHECKING:
    from torch import nn


SHARED_GENES: Mapping[str, Gene] = {
    "batch_norm": Flag(start=True),
    "dropout": Ordinal(0.0, 0.1, 0.2, 0.3, 0.5, start=0.1, wider=(0.0, 0.9)),
    "learning_rate": Ordinal(0.0001, 0.001, 0.01, 0.1, start=0.01, wider=(1e-6, 10.0)),
    "optimizer": Choice("sgd", "adam", "adamw", start="adamw"),
}
"""What every family that is trained has beside its own genes."""


@dataclass(frozen=True)
class Task:
    """What a network is built for."""

    input_shape: tuple[int, int, int]  # channels, height, width
    classes: int


class Family(ABC):
    """A kind of network: its genes as data, and how to build a network from them.

    Every family also has the genes of `SHARED_GENES`: batch norm, dropout, learning rate,
    optimizer; the first two are `build`'s to honour. A family that declares one of them itself has
    its own: with another `start`, or with one option, if it can be no other. One that is never
    trained, for an evaluator knows its scores, sets `shared_genes` to False.

    A `textbook` has genes by name, for layers a list of records: a small network as the family's
    paper has it. Strategies that breed try it first, with as many of its layers as they may. Where
    there is none, the first of a family are drawn at random.
    """

    name: ClassVar[str]
    genes: ClassVar[Mapping[str, Gene]]
    shared_genes: ClassVar[bool] = True
    textbook: ClassVar[Mapping[str, Any]] = {}  # genes of what somebody would try first, in small
    level: ClassVar[int] = 1  # at which it enters a progressive search (Liu et al. 2018), 1 to 3

    def phenotype(self, genes: Genes) -> Genes:
        """What the network is made of, where genomes of several spellings come to the same network:
        they must have equal phenotypes, and no others. Most families have one spelling only."""
        return genes

    @abstractmethod
    def build(self, genes: Genes, task: Task) -> nn.Module:
        """A freshly initialised network: float32 images N×C×H×W to logits N×classes.

        Any size from 8×8 up must work, by construction. It is called under a seeded generator, and
        on the meta device to count parameters and FLOPs.
        """


def genes_of(family: Family) -> dict[str, Gene]:
    """A family's genes, with those it shares with others."""
    return {**SHARED_GENES, **family.genes} if family.shared_genes else dict(family.genes)
