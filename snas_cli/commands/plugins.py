"""`snas plugins`: what is installed, what could not be loaded, and how to begin one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from snas_cli.commands._options import AsJson, console, print_json, registry_of
from snas_cli.registry import KINDS


def add_to(app: typer.Typer) -> None:
    plugins = typer.Typer(
        invoke_without_command=True,
        help="List all components by kind, with the package each comes from; or begin one.",
    )
    plugins.callback()(list_plugins)
    plugins.command(no_args_is_help=True)(new)
    app.add_typer(plugins, name="plugins")


def list_plugins(context: typer.Context, as_json: AsJson = False) -> None:
    """List all components by kind, with the package each comes from; `new` begins one."""
    if context.invoked_subcommand is not None:
        return
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


def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Of the package, such as snas-thing.")],
    kind: Annotated[str, typer.Option(help=f"What it adds: {', '.join(KINDS)}.")] = "family",
) -> None:
    """Write a package with a component of your own, which works as it is, into a new folder."""
    from snas_cli.scaffolding.project import plan_project, write_project

    project = plan_project(kind, name, registry_of(context))
    folder = write_project(project, Path())
    print(f"{folder}: {project.article} {kind} named {project.name}, which works as it is")
    for path in sorted(project.render()):
        print(f"  {path}")
    print(f"\nNext\n  cd {folder}\n  pip install -e .\n  {project.use}\n  python -m pytest")
