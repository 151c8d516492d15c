"""`snas runs`: the runs there are, and what came of each."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from snas_cli.commands._options import (
    RUNS,
    AsJson,
    RunsFolder,
    console,
    print_json,
    registry_of,
)


def add_to(app: typer.Typer) -> None:
    runs = typer.Typer(invoke_without_command=True, help="List the runs, or show one.")
    runs.callback()(list_runs)
    runs.command()(show)
    app.add_typer(runs, name="runs")


def list_runs(context: typer.Context, runs: RunsFolder = RUNS, as_json: AsJson = False) -> None:
    """List the runs, the latest first; `snas runs show RUN` tells more."""
    if context.invoked_subcommand is not None:
        return
    from snas_cli.runs.folder import all_runs

    rows = [_row(folder) for folder in all_runs(runs)]
    if as_json:
        print_json(rows)
        return
    if not rows:
        print(f"there is no run in {runs}; start one with: snas search digits")
        return
    _print_rows(rows)


def show(
    context: typer.Context,
    run: Annotated[Path | None, typer.Argument(help="A run. Default: the latest.")] = None,
    runs: RunsFolder = RUNS,
    as_json: AsJson = False,
) -> None:
    """Show a run: its state, its best networks, and why candidates failed."""
    from snas_cli.experiment.assembly import trials_of
    from snas_cli.runs.folder import latest_run, open_run
    from snas_cli.runs.journal import trial_to_json

    folder = open_run(run) if run else latest_run(runs)
    trials = trials_of(folder, registry_of(context))
    if as_json:
        print_json({**_row(folder), "trials": [trial_to_json(trial) for trial in trials]})
        return
    _print_run(folder, trials)


def _row(folder: Any) -> dict[str, Any]:
    finished = folder.finished()
    best = finished or (folder.metrics() if (folder.best / "metrics.json").exists() else None)
    state = "running" if folder.running() else "finished" if finished else "stopped"
    trials = sum(1 for _ in folder.events("trial"))
    return {"run": str(folder.path), "state": state, "trials": trials, "best": best}


def _print_rows(rows: list[dict[str, Any]]) -> None:
    from snas_cli.recipe.quantities import format_count
    from snas_cli.terminal.tables import plain_table
    from snas_cli.terminal.words import percent

    table = plain_table(None, "run", "state", ">trials", "best", ">validation", ">test",
                        ">parameters")  # fmt: skip
    for row in rows:
        best = row["best"]
        shown = ["", "", "", ""] if best is None else [
            best["family"],
            percent(best["val_acc"]) if "val_acc" in best else f"{best['fitness']:.4g}",
            percent(best["test_acc"]) if "test_acc" in best else "",
            format_count(best["params"]) if "params" in best else "",
        ]  # fmt: skip
        table.add_row(row["run"], row["state"], str(row["trials"]), *shown)
    console().print(table)


def _print_run(folder: Any, trials: list[Any]) -> None:
    from snas_cli.search.ranking import leaders
    from snas_cli.terminal.tables import leaders_table
    from snas_cli.terminal.words import architecture

    row = _row(folder)
    screen = console()
    screen.print(f"{row['run']}: {row['state']}, {row['trials']} trials")
    if row["best"]:
        screen.print(leaders_table(leaders(trials, 10)))
        best = next(trial for trial in trials if trial.number == row["best"]["trial"])
        screen.print(f"kept: {architecture(best.genome)}", markup=False)
        screen.print(json.dumps(row["best"]), markup=False, style="dim")
    for reason, count in Counter(t.reason for t in trials if t.failed).most_common():
        screen.print(f"{count} failed: {reason}", markup=False)
