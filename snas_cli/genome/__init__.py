"""Architectures as data: genes, the records that hold them, and the space they are drawn from."""

from snas_cli.genome.diversity import diversity
from snas_cli.genome.genes import Choice, Flag, Gene, Genes, Ordinal, Value
from snas_cli.genome.genome import Genome
from snas_cli.genome.layers import Layers
from snas_cli.genome.space import Site, Space

__all__ = [
    "Choice",
    "Flag",
    "Gene",
    "Genes",
    "Genome",
    "Layers",
    "Ordinal",
    "Site",
    "Space",
    "Value",
    "diversity",
]
