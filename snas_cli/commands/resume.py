"""`snas resume`: goes on with a search that was stopped, in whatever way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from snas_cli.commands import _completion as completion
from snas_cli.commands._options import RUNS, AsJson, RunsFolder, registry_of
from snas_cli.errors import UsageError


def add_to(app: typer.Typer) -> None:
    app.command()(resume)


def resume(
    context: typer.Context,
    run: Annotated[
        Path | None,
        typer.Argument(
            help="A run, or one of its checkpoints. Default: the latest.",
            autocompletion=completion.runs,
        ),
    ] = None,
    extend: Annotated[
        str | None, typer.Option(help="Search on for so long, such as 1h; a finished run, too.")
    ] = None,
    generations: Annotated[
        int | None, typer.Option(help="Search on until there are so many in all.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; the results stay the same.")
    ] = None,
    runs: RunsFolder = RUNS,
    as_json: AsJson = False,
) -> None:
    """Go on with a search that was stopped or killed; it ends as if it had not been."""
    from snas_cli.commands._searching import run_search
    from snas_cli.experiment.running import Changes
    from snas_cli.runs.folder import latest_run
    from snas_cli.scripting.calls import go_on

    path = run or latest_run(runs).path
    changes = Changes(_seconds(extend), generations, workers)
    run_search(lambda around: go_on(path, changes, around), registry_of(context), as_json=as_json)


def _seconds(text: str | None) -> float | None:
    from snas_cli.recipe.quantities import parse_duration

    if text is None:
        return None
    try:
        seconds: float = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--extend {text}: {error}") from None
    return seconds
