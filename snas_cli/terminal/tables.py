"""Results as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from snas_cli.api import Trial
from snas_cli.recipe.quantities import format_count
from snas_cli.terminal.words import percent, shape


def plain_table(title: str | None, *columns: str) -> Table:
    """The one look of all tables; columns whose name begins with > hold numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD,
                  pad_edge=False)  # fmt: skip
    for column in columns:
        numeric = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if numeric else "left",
                         no_wrap=numeric)  # fmt: skip
    return table


def leaders_table(trials: Sequence[Trial]) -> Table:
    table = plain_table("Best of the search", ">trial", "family", ">validation", ">parameters",
                        ">FLOPs", "layers")  # fmt: skip
    for trial in trials:
        layers = shape(trial.genome)
        table.add_row(
            str(trial.number),
            trial.genome.family,
            percent(trial.metrics["val_acc"]),
            format_count(trial.metrics["params"]),
            format_count(trial.metrics["flops"]),
            layers if len(layers) <= 30 else f"{layers[:29]}…",
        )
    return table


def scores_table(scores: dict[str, Any]) -> Table:
    """Precision, recall and F1 of each class, and their means."""
    table = plain_table(None, "class", ">precision", ">recall", ">F1", ">pictures")
    for name, row in scores["classes"].items():
        table.add_row(name, *(f"{row[key]:.3f}" for key in ("precision", "recall", "f1")),
                      f"{row['pictures']:,}")  # fmt: skip
    mean = scores["macro"]
    table.add_section()
    table.add_row("mean", *(f"{mean[key]:.3f}" for key in ("precision", "recall", "f1")),
                  f"{scores['pictures']:,}")  # fmt: skip
    return table
