"""`snas resume`: goes on with a search that was stopped, in whatever way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from snas_cli.commands._options import RUNS, AsJson, RunsFolder, registry_of


def add_to(app: typer.Typer) -> None:
    app.command()(resume)


def resume(
    context: typer.Context,
    run: Annotated[
        Path | None, typer.Argument(help="A run, or one of its checkpoints. Default: the latest.")
    ] = None,
    runs: RunsFolder = RUNS,
    as_json: AsJson = False,
) -> None:
    """Go on with a search that was stopped or killed; it ends as if it had not been."""
    from snas_cli.commands._searching import run_search
    from snas_cli.experiment.running import resume as go_on
    from snas_cli.runs.folder import latest_run

    path = run or latest_run(runs).path
    registry = registry_of(context)
    run_search(lambda listener: go_on(path, registry, listener), as_json=as_json)
