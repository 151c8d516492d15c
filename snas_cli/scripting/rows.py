"""Trials as rows: what a table or a data frame is made of."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.util import find_spec
from typing import Any

from snas_cli.api import Trial
from snas_cli.errors import UsageError

_TAKEN = {"trial", "generation", "family", "fitness", "operator", "parents", "predicted", "reason",
          "rungs", "seconds", "fingerprint", "genes"}  # fmt: skip


class Rows(list[dict[str, Any]]):
    """A dict for each trial, by number; notebooks show it as a table."""

    def to_frame(self) -> Any:
        """A pandas.DataFrame, with the number of the trial as its index. Raises UsageError where
        pandas is not installed, for snas does without it."""
        if find_spec("pandas") is None:
            raise UsageError("a data frame needs pandas, which snas does without: "
                             "pip install pandas")  # fmt: skip
        import pandas as pd

        return pd.DataFrame.from_records(self).set_index("trial")

    def _repr_html_(self) -> str:
        columns = list(dict.fromkeys(name for row in self for name in row if name != "genes"))
        head = "".join(f"<th>{escape(name)}</th>" for name in columns)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(_cell(row.get(name)))}</td>' for name in columns)}</tr>"
            for row in self
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def rows_of(trials: Iterable[Trial]) -> Rows:
    """The keys: trial, generation, family, fitness; then a key for each metric; then operator,
    parents, predicted, reason (of its failure), rungs, seconds, fingerprint and genes."""
    trials = list(trials)
    metrics = dict.fromkeys(name for trial in trials for name in trial.metrics)
    return Rows(_row(trial, list(metrics)) for trial in trials)


def _row(trial: Trial, metrics: list[str]) -> dict[str, Any]:
    """All have the same keys; None stands for what a trial does not have."""
    proposal = trial.proposal
    return {
        "trial": trial.number,
        "generation": trial.generation,
        "family": trial.genome.family,
        "fitness": trial.fitness,
        **{_column(name): trial.metrics.get(name) for name in metrics},
        "operator": proposal.operator,
        "parents": list(proposal.parents),
        "predicted": proposal.predicted,
        "reason": trial.reason,
        "rungs": len(trial.rungs),
        "seconds": trial.seconds,
        "fingerprint": trial.genome.fingerprint,
        "genes": trial.genome.to_json()["genes"],
    }


def _column(metric: str) -> str:
    """An evaluator may call a metric as a row calls something else."""
    return f"metric {metric}" if metric in _TAKEN else metric


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
