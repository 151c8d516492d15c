"""`snas report`: writes a run's report again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from snas_cli.commands._options import RUNS, RunsFolder, registry_of


def add_to(app: typer.Typer) -> None:
    app.command()(report)


def report(
    context: typer.Context,
    run: Annotated[Path | None, typer.Argument(help="A run. Default: the latest.")] = None,
    runs: RunsFolder = RUNS,
) -> None:
    """Write report.html for a run: also for one that is going on or was stopped."""
    from snas_cli.experiment.assembly import trials_of
    from snas_cli.report.page import write_report
    from snas_cli.runs.folder import latest_run, open_run

    folder = open_run(run) if run else latest_run(runs)
    print(write_report(folder, trials_of(folder, registry_of(context))))
