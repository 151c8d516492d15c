"""Results as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from snas_cli.api import Genome, Objective, Trial
from snas_cli.search.wording import COSTS, Measure, cost_text, objective_text, objective_title
from snas_cli.terminal.words import shape


def plain_table(title: str | None, *columns: str) -> Table:
    """The one look of all tables; columns whose name begins with > hold numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD,
                  pad_edge=False)  # fmt: skip
    for column in columns:
        numeric = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if numeric else "left",
                         no_wrap=numeric)  # fmt: skip
    return table


def leaders_table(trials: Sequence[Trial], measure: Measure, title: str) -> Table:
    """With the columns that the trials have something for: an evaluator may know nothing but a
    score, and rungs matter where they differ."""
    costs = [name for name in ("params", "flops", "latency_ms")
             if any(name in trial.metrics for trial in trials)]  # fmt: skip
    rungs = [">rungs"] if len({len(trial.rungs) for trial in trials}) > 1 else []
    layers = ["layers"] if any(shape(trial.genome) for trial in trials) else []
    table = plain_table(title, ">trial", "family", *rungs, f">{measure.short}",
                        *(f">{COSTS[name]}" for name in costs), *layers)  # fmt: skip
    table.columns[1].no_wrap = True
    for trial in trials:
        cells: list[str | Text] = [str(trial.number), trial.genome.family]
        cells += [str(len(trial.rungs))] if rungs else []
        cells.append(measure.trial_text(trial))
        cells += [cost_text(name, trial.metrics[name]) if name in trial.metrics else "–"
                  for name in costs]  # fmt: skip
        table.add_row(*cells, *([layers_cell(trial.genome)] if layers else []))
    return table


def layers_cell(genome: Genome) -> Text:
    """As much of the layers as there is room for."""
    return Text(shape(genome), no_wrap=True, overflow="ellipsis")


def front_table(
    trials: Sequence[Trial], objectives: Sequence[Objective], measure: Measure
) -> Table:
    """A Pareto front."""
    titles = [f">{objective_title(objective, measure)}" for objective in objectives]
    table = plain_table("Pareto front", ">trial", "family", *titles, "made by")
    for trial in trials:
        cells = (objective_text(objective, trial, measure) for objective in objectives)
        table.add_row(str(trial.number), trial.genome.family, *cells, trial.proposal.operator)
    return table


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
