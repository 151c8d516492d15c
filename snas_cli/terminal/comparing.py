"""Runs side by side: in what their recipes differ, and what came of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from snas_cli.recipe.quantities import format_count
from snas_cli.search.account import Account
from snas_cli.search.budget import epochs_of
from snas_cli.search.wording import Measure, duration, percent
from snas_cli.terminal.tables import plain_table

ABSENT = "–"

Row = Sequence[Any]  # a value for each run; None where a run has none


def recipe_differences(accounts: Sequence[Account]) -> dict[str, Row]:
    """Dotted keys whose values differ, with the value that each run has."""
    recipes = [_flat(account.recipe.model_dump()) for account in accounts]
    keys = dict.fromkeys(key for recipe in recipes for key in recipe)
    rows = {key: [recipe.get(key) for recipe in recipes] for key in keys}
    return {key: row for key, row in rows.items() if any(value != row[0] for value in row)}


def _flat(section: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """By dotted keys."""
    flat: dict[str, Any] = {}
    for name, value in section.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = value
    return flat


def result_rows(accounts: Sequence[Account]) -> dict[str, Row]:
    """What came of each; a row that no run has a value for is left out."""
    rows: dict[str, Row] = {
        "network": [account.best and account.best["family"] for account in accounts]
    }
    for measure in dict.fromkeys(account.measure for account in accounts):
        rows[measure.name] = [_score(account, measure) for account in accounts]
    for name, key in (("test accuracy", "test_acc"), ("parameters", "params"), ("FLOPs", "flops")):
        rows[name] = [
            account.best.get(key) if account.best and account.measure.metric else None
            for account in accounts
        ]
    rows["trials"] = [len(account.trials) for account in accounts]
    rows["failed"] = [sum(trial.failed for trial in account.trials) for account in accounts]
    rows["epochs of candidates"] = [epochs_of(account.trials) or None for account in accounts]
    rows["seconds"] = [round(account.times.total, 1) for account in accounts]
    return {name: row for name, row in rows.items() if any(value is not None for value in row)}


def _score(account: Account, measure: Measure) -> float | None:
    """What was trained has all measures of the others that were."""
    if account.best is None or (account.measure.metric is None) != (measure.metric is None):
        return None
    return measure.of(account.best)


def recipes_table(names: Sequence[str], accounts: Sequence[Account]) -> Table:
    table = plain_table("What differs in the recipes", "key", *names)
    for key, row in recipe_differences(accounts).items():
        table.add_row(key, *(Text(_as_yaml(value)) for value in row))
    return table


def results_table(names: Sequence[str], accounts: Sequence[Account]) -> Table:
    table = plain_table("What came of them", "result", *(f">{name}" for name in names))
    measures = {account.measure.name: account.measure.text for account in accounts}
    for name, row in result_rows(accounts).items():
        write = {**WRITTEN, **measures}[name]
        table.add_row("time" if name == "seconds" else name,
                      *(ABSENT if value is None else write(value) for value in row))  # fmt: skip
    return table


WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "network": str,
    "test accuracy": percent,
    "parameters": format_count,
    "FLOPs": format_count,
    "trials": str,
    "failed": str,
    "epochs of candidates": lambda epochs: f"{epochs:.4g}",
    "seconds": duration,
}


def _as_yaml(value: Any) -> str:
    """In a line, as one would write it in a recipe."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def comparison_as_json(names: Sequence[str], accounts: Sequence[Account]) -> dict[str, Any]:
    """A value for each run, in their order."""
    return {
        "runs": list(names),
        "recipes": {key: list(row) for key, row in recipe_differences(accounts).items()},
        "results": {name: list(row) for name, row in result_rows(accounts).items()},
    }
