"""Colours, and how networks are written."""

from __future__ import annotations

from typing import Any

from snas_cli.api import Genome
from snas_cli.genome.genes import in_words

GOOD, BAD, QUIET, STRONG = "green", "red", "dim", "bold cyan"


def architecture(genome: Genome) -> str:
    """A line: the family, its layers in short, and how it is trained."""
    genes = genome.genes.to_json()
    stacks = [_stack(value) for value in genes.values() if isinstance(value, list)]
    others = [f"{name}={in_words(value)}" for name, value in genes.items()
              if not isinstance(value, list)]  # fmt: skip
    return " ".join([genome.family, *stacks, *others])


def shape(genome: Genome) -> str:
    """The layers in short: [32×3 64×5] …; nothing of a network that has none."""
    values = genome.genes.to_json().values()
    return " ".join(_stack(value) for value in values if isinstance(value, list))


def _stack(layers: list[dict[str, Any]]) -> str:
    """The numbers of each layer, joined by ×; its other genes are in architecture.json."""
    shown = ["×".join(str(value) for value in layer.values()
                      if isinstance(value, int) and not isinstance(value, bool))
             for layer in layers]  # fmt: skip
    return f"[{' '.join(shown)}]"
