"""`snas runs`: the runs there are, what came of each, and how they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from snas_cli.commands._options import (
    RUNS,
    AsJson,
    RunsFolder,
    console,
    print_json,
    registry_of,
)
from snas_cli.errors import RecipeError, RunError, UsageError

if TYPE_CHECKING:
    from snas_cli.registry import Registry
    from snas_cli.runs.folder import RunFolder
    from snas_cli.search.account import Account


def add_to(app: typer.Typer) -> None:
    runs = typer.Typer(invoke_without_command=True, help="List the runs, show one, compare some.")
    runs.callback()(runs_alone)
    runs.command("list")(list_runs)
    runs.command()(show)
    runs.command(no_args_is_help=True)(compare)
    app.add_typer(runs, name="runs")


def runs_alone(context: typer.Context, runs: RunsFolder = RUNS, as_json: AsJson = False) -> None:
    """List the runs, the latest first; `snas runs show RUN` tells more."""
    if context.invoked_subcommand is None:
        list_runs(runs, as_json=as_json)


def list_runs(runs: RunsFolder = RUNS, as_json: AsJson = False) -> None:
    """List the runs, the latest first, as `snas runs` alone does."""
    from snas_cli.runs.folder import all_runs

    folders = all_runs(runs)
    if as_json:
        print_json([_row(folder) for folder in folders])
    elif not folders:
        print(f"there is no run in {runs}; start one with: snas search digits")
    else:
        _print_rows(folders)


def show(
    context: typer.Context,
    run: Annotated[Path | None, typer.Argument(help="A run. Default: the latest.")] = None,
    runs: RunsFolder = RUNS,
    as_json: AsJson = False,
) -> None:
    """Show a run: its best networks, which operators paid, and why candidates failed."""
    from snas_cli.runs.folder import latest_run, open_run
    from snas_cli.runs.journal import trial_to_json
    from snas_cli.search.account import account_as_json

    folder = open_run(run) if run else latest_run(runs)
    account = _account(folder, registry_of(context))
    if as_json:
        trials = [trial_to_json(trial) for trial in account.trials]
        print_json({**_row(folder), **account_as_json(account), "trials": trials})
    else:
        _print_run(folder, account)


def compare(
    context: typer.Context,
    runs: Annotated[list[Path], typer.Argument(help="Two runs or more.", metavar="RUN RUN …")],
    as_json: AsJson = False,
) -> None:
    """Set runs side by side: in what their recipes differ, and what came of each."""
    from snas_cli.runs.folder import open_run
    from snas_cli.terminal.comparing import comparison_as_json, recipes_table, results_table

    if len(runs) < 2:
        raise UsageError("there is nothing to compare one run with: name two or more")
    accounts = [_account(open_run(run), registry_of(context)) for run in runs]
    names = _short_names(runs)
    if as_json:
        print_json(comparison_as_json([str(run) for run in runs], accounts))
        return
    screen = console()
    differences = recipes_table(names, accounts)
    screen.print(differences if differences.row_count else "their recipes are the same\n")
    screen.print(results_table(names, accounts))


def _account(folder: RunFolder, registry: Registry) -> Account:
    from snas_cli.experiment.assembly import trials_of
    from snas_cli.report.page import account_of

    return account_of(folder, trials_of(folder, registry))


def _short_names(runs: Sequence[Path]) -> list[str]:
    """The last part of each path, where that tells them apart."""
    names = [run.resolve().name for run in runs]
    return names if len(set(names)) == len(names) else [str(run) for run in runs]


def _row(folder: RunFolder) -> dict[str, Any]:
    """One that is damaged does not keep the others from being listed."""
    try:
        return _sound_row(folder)
    except RunError as error:
        return {"run": str(folder.path), "state": "damaged", "trials": None, "best": None,
                "reason": str(error)}  # fmt: skip


def _sound_row(folder: RunFolder) -> dict[str, Any]:
    from snas_cli.report.page import best_of

    folder.check_contents()
    state = "running" if folder.running() else "finished" if folder.finished() else "stopped"
    trials = len(folder.trial_events())
    return {"run": str(folder.path), "state": state, "trials": trials, "best": best_of(folder)}


def _print_rows(folders: Sequence[RunFolder]) -> None:
    from snas_cli.terminal.tables import plain_table

    table = plain_table(None, "run", "state", ">trials", ">validation", ">test", "network")
    table.columns[0].overflow = "fold"  # it is there to be copied
    rows = [_row(folder) for folder in folders]
    for folder, row in zip(folders, rows, strict=True):
        cells = _cells(folder, row["best"]) if row["best"] else []
        trials = "" if row["trials"] is None else str(row["trials"])
        table.add_row(row["run"], row["state"], trials, *cells)
    console().print(table)
    if any(row["state"] == "damaged" for row in rows):
        print("snas runs show RUN says what is damaged")


def _cells(folder: RunFolder, best: Mapping[str, Any]) -> list[str]:
    """Of the best network: what it was chosen by, its test accuracy, its family and size."""
    from snas_cli.search.account import recorded_recipe
    from snas_cli.search.wording import cost_text, measure_of, percent

    try:
        measure = measure_of(recorded_recipe(folder.recipe))
    except RecipeError:
        return ["damaged recipe"]
    kind = " (balanced)" if measure.metric == "val_balanced_acc" else ""
    tested = "test_acc" in best and measure.metric is not None
    size = [cost_text("params", best["params"])] if "params" in best else []
    return [
        f"{measure.text(measure.of(best))}{kind}",
        percent(best["test_acc"]) if tested else "",
        " ".join([best["family"], *size]),
    ]


def _print_run(folder: RunFolder, account: Account) -> None:
    from snas_cli.terminal.accounts import result_lines, sections

    row = _row(folder)
    screen = console()
    screen.print(f"{row['run']}: {row['state']}, {row['trials']} trials", markup=False)
    for line in result_lines(account):
        screen.print(line)
    for section in sections(account):
        screen.print(section)
