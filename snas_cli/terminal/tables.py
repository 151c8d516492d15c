"""Results as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from snas_cli.api import Trial
from snas_cli.recipe.quantities import format_count
from snas_cli.terminal.words import score, shape


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
    """With the metrics that the trials have: an evaluator may know nothing but a score."""
    shown = {name: title for name, title in COSTS.items()
             if any(name in trial.metrics for trial in trials)}  # fmt: skip
    table = plain_table("Best of the search", ">trial", "family", ">validation",
                        *(f">{title}" for title in shown.values()), "layers")  # fmt: skip
    for trial in trials:
        assert trial.fitness is not None  # no leader has failed
        layers = shape(trial.genome)
        table.add_row(
            str(trial.number),
            trial.genome.family,
            score(trial.fitness, trial.metrics),
            *(_cost(trial, name) for name in shown),
            layers if len(layers) <= 30 else f"{layers[:29]}…",
        )
    return table


COSTS = {"params": "parameters", "flops": "FLOPs", "latency_ms": "ms"}


def _cost(trial: Trial, name: str) -> str:
    if name not in trial.metrics:
        return "–"
    value = trial.metrics[name]
    return f"{value:.3g}" if name == "latency_ms" else format_count(value)


def scores_table(scores: dict[str, Any], most: int = 30) -> Table:
    """Scores of each class and their means; of more classes than `most`, the 10 worst by F1.

    A dash stands where a score is undefined, for want of pictures of the class or of others."""
    classes = scores["classes"]
    chosen, title = list(classes), None
    if len(classes) > most:
        known = [name for name in classes if classes[name]["f1"] is not None]
        chosen = sorted(known, key=lambda name: float(classes[name]["f1"]))[:10]
        title = f"The {len(chosen)} worst of {len(classes)} classes by F1; scores.json has all"
    table = plain_table(title, "class", *(f">{name}" for name in SCORES.values()), ">pictures")
    for name in chosen:
        table.add_row(as_it_is(name), *_cells(classes[name]), f"{classes[name]['pictures']:,}")
    table.add_section()
    table.add_row("mean", *_cells(scores["macro"]), f"{scores['pictures']:,}")
    table.add_row("weighted mean", *_cells(scores["weighted"]), "")
    return table


SCORES = {"precision": "precision", "recall": "recall", "f1": "F1", "roc_auc": "AUC"}


def _cells(row: dict[str, Any]) -> list[str]:
    """Empty where the mean is not taken."""
    written = (f"{row[key]:.3f}" if row[key] is not None else "–" for key in SCORES if key in row)
    return [*written, *("" for key in SCORES if key not in row)]


def as_it_is(name: str) -> Text:
    """A stranger's name: its brackets are no markup, and its control characters are not sent."""
    return Text("".join(letter if letter.isprintable() else "�" for letter in name))
