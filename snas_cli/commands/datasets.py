"""`snas datasets`: the data sets that can be searched on."""

from __future__ import annotations

import typer

from snas_cli.commands._options import AsJson, console, print_json, registry_of


def add_to(app: typer.Typer) -> None:
    app.command()(datasets)


def datasets(context: typer.Context, as_json: AsJson = False) -> None:
    """List the data sets by name."""
    from snas_cli.terminal.tables import plain_table

    registry = registry_of(context)
    known = [registry.dataset(name) for name in registry.names("dataset")]
    if as_json:
        print_json([{"name": known_set.name, "summary": known_set.summary} for known_set in known])
        return
    table = plain_table(None, "name", "what it is")
    for known_set in known:
        table.add_row(known_set.name, known_set.summary)
    console().print(table)
