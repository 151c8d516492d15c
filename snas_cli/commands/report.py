"""`snas report`: writes a run's report again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from snas_cli.commands._options import RUNS, RunsFolder, registry_of


def add_to(app: typer.Typer) -> None:
    app.command()(report)


def report(
    context: typer.Context,
    run: Annotated[Path | None, typer.Argument(help="A run. Default: the latest.")] = None,
    png: Annotated[
        Path | None, typer.Option(metavar="folder", help="Write its drawings there, too, as PNG.")
    ] = None,
    runs: RunsFolder = RUNS,
) -> None:
    """Write report.html for a run: also for one that is going on or was stopped."""
    from snas_cli.experiment.assembly import trials_of
    from snas_cli.report.page import write_report, write_report_pictures
    from snas_cli.runs.folder import latest_run, open_run

    folder = open_run(run) if run else latest_run(runs)
    trials = trials_of(folder, registry_of(context))
    print(write_report(folder, trials))
    if png is None:
        return
    for pictured in write_report_pictures(folder, trials, png):
        for path in pictured.files:
            print(path)
        if not pictured.files:
            print(f"{pictured.part.heading}: no picture. {pictured.part.reason}", file=sys.stderr)
