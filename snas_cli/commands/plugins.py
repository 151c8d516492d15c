"""`snas plugins`: what is installed, where it comes from, and what could not be loaded."""

from __future__ import annotations

import typer

from snas_cli.commands._options import AsJson, console, print_json, registry_of
from snas_cli.registry import KINDS


def add_to(app: typer.Typer) -> None:
    app.command()(plugins)


def plugins(context: typer.Context, as_json: AsJson = False) -> None:
    """List all components by kind, with the package each comes from."""
    from snas_cli.terminal.tables import plain_table
    from snas_cli.terminal.words import BAD

    registry = registry_of(context)
    parts = [part for kind in KINDS for part in registry.components(kind)]
    faults = [f"{plugin.origin}: {plugin.reason}" for plugin in registry.broken]
    faults += registry.clashes()
    if as_json:
        shown = [{"kind": p.kind, "name": p.name, "origin": p.origin} for p in parts]
        print_json({"components": shown, "faults": faults})
        return
    table = plain_table(None, "kind", "name", "from")
    for part in parts:
        table.add_row(part.kind, part.name, part.origin)
    screen = console()
    screen.print(table)
    for fault in faults:
        screen.print(f"cannot be used: {fault}", style=BAD, markup=False)
