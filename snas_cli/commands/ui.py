"""`snas ui`: a page in the browser that sets up searches, watches them and shows their results."""

from __future__ import annotations

from typing import Annotated

import typer

from snas_cli.commands._options import RUNS, RunsFolder


def add_to(app: typer.Typer) -> None:
    app.command()(ui)


def ui(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Default: 8501, or the next that is free; 0 for any."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = True,
    runs: RunsFolder = RUNS,
) -> None:
    """Open a page that sets up searches, watches them and shows what came of them.

    It can be reached from this computer only. Searches go on when the page, or this command, is
    closed; a search that was started in a terminal is shown as well."""
    from snas_cli.ui.server import serve

    serve(runs, port, browser=browser)
