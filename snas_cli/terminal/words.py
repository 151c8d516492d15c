"""How numbers, networks and times are written, everywhere the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snas_cli.api import Genome
from snas_cli.genome.genes import in_words
from snas_cli.recipe.quantities import format_count

GOOD, BAD, QUIET, STRONG = "green", "red", "dim", "bold cyan"


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def score(fitness: float, metrics: Mapping[str, Any]) -> str:
    """In percent where it is an accuracy; an evaluator's own scores may be anything."""
    return percent(fitness) if "val_acc" in metrics else f"{fitness:.4g}"


def duration(seconds: float) -> str:
    """8 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def cost(metrics: Mapping[str, Any]) -> str:
    """As far as it is known."""
    known = {"params": "parameters", "flops": "FLOPs"}
    return ", ".join(
        f"{format_count(metrics[name])} {unit}" for name, unit in known.items() if name in metrics
    )


def architecture(genome: Genome) -> str:
    """A line: the family, its layers in short, and how it is trained."""
    genes = genome.genes.to_json()
    stacks = [_stack(value) for value in genes.values() if isinstance(value, list)]
    others = [f"{name}={in_words(value)}" for name, value in genes.items()
              if not isinstance(value, list)]  # fmt: skip
    return f"{genome.family} {' '.join(stacks)}  {' '.join(others)}"


def shape(genome: Genome) -> str:
    """The layers in short: 32×3 64×5 …"""
    values = genome.genes.to_json().values()
    return " ".join(_stack(value) for value in values if isinstance(value, list)) or genome.family


def _stack(layers: list[dict[str, Any]]) -> str:
    """The numbers of each layer, joined by ×; its other genes are in architecture.json."""
    shown = ["×".join(str(value) for value in layer.values()
                      if isinstance(value, int) and not isinstance(value, bool))
             for layer in layers]  # fmt: skip
    return f"[{' '.join(shown)}]"
