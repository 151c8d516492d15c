"""The Typer app, and the one place that turns a SnasError into a message and an exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from inspect import isfunction
from typing import Annotated, Any

import typer
from typer.main import get_command_name
from typer.models import CommandInfo, TyperInfo

from snas_cli import __version__
from snas_cli.commands import (
    bench,
    bench_export,
    datasets,
    evaluate,
    export,
    families,
    plugins,
    recipes,
    report,
    resume,
    runs,
    search,
    ui,
)
from snas_cli.errors import PluginError, SnasError
from snas_cli.registry import Registry

COMMANDS = (
    search, resume, evaluate, export, report, runs, datasets, families, recipes, plugins, bench,
    bench_export, ui,
)  # fmt: skip
LONGEST_LINE = 1000  # characters; MOST_LINES of a message are shown
MOST_LINES = 50
EPILOG = "Start with: snas search digits   or, with your own pictures: snas search photos/"


def make_app(registry: Registry) -> typer.Typer:
    """All subcommands, those of plugins too."""
    app = typer.Typer(
        help="Finds a small, accurate, deployable image classifier by evolving networks.",
        epilog=EPILOG,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "obj": registry},
        pretty_exceptions_show_locals=False,
    )
    app.callback()(_options)
    for module in COMMANDS:
        module.add_to(app)
    _add_commands_of_plugins(app, registry)
    return app


def _add_commands_of_plugins(app: typer.Typer, registry: Registry) -> None:
    """A name that is taken stays with the command that has it."""
    owners: dict[Any, Any] = {}

    def check() -> None:
        """Raises PluginError for new commands that cannot be had, after taking them out again."""
        doubled = []
        for listing in (app.registered_commands, app.registered_groups):
            for command in list[Any](listing):
                name = _name_of(command)
                if owners.setdefault(name or command, command) is not command:
                    listing.remove(command)
                    doubled.append(name)
        if doubled:
            raise PluginError(f"there is a command {doubled[0]!r} already; choose another name")

    check()  # ours come first
    registry.call("snas_register_commands", check=check, app=app)


def _name_of(command: CommandInfo | TyperInfo) -> str | None:
    """As it is typed; None for a group that typer will name, or merge with others."""
    if isinstance(command.name, str):
        return command.name
    function = command.callback
    return get_command_name(function.__name__) if isfunction(function) else None


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `snas`, with the arguments of this process or with those given."""
    _end_tidily()
    try:
        make_app(Registry.installed())(arguments)
    except SnasError as error:
        for line in _presentable(str(error)):
            print(f"snas: {line}", file=sys.stderr)
        sys.exit(error.exit_code)


def _presentable(message: str) -> Iterator[str]:
    """Its lines, whatever a stranger's file has put into it: of a length that can be read, and
    without signs that a terminal would obey."""
    lines = message.splitlines()
    for line in lines[:MOST_LINES]:
        safe = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)
        yield safe if len(safe) <= LONGEST_LINE else f"{safe[:LONGEST_LINE]} …"
    if len(lines) > MOST_LINES:
        yield f"and {len(lines) - MOST_LINES:,} lines more"


def _end_tidily() -> None:
    """What ends a process, or the terminal it is in, is taken as Ctrl-C; `nohup` stays in force."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, signal.default_int_handler)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"snas {__version__}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version)
    ] = False,
) -> None:
    pass
