"""Shows a search as it goes and what came of it; shared by `snas search` and `snas resume`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from snas_cli.api import Trial
from snas_cli.commands._options import console, print_json
from snas_cli.errors import RunError
from snas_cli.registry import Registry
from snas_cli.runs.journal import trial_to_json
from snas_cli.scripting.calls import Surroundings
from snas_cli.scripting.run import Run
from snas_cli.search.listener import Listener, Listeners, Plan
from snas_cli.terminal.accounts import result_lines
from snas_cli.terminal.progress import LiveView, LogView
from snas_cli.terminal.tables import front_table, leaders_table

INTERRUPTED = 130  # the shell's code for Ctrl-C
FRONT = 10  # of its networks are listed, from the best by the first objective on


class _Whereabouts(Listener):
    """Remembers the run directory, for whoever interrupts."""

    folder: Path | None = None

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        self.folder = plan.folder


Start = Callable[[Surroundings], Run]


def run_search(search: Start, registry: Registry, *, as_json: bool) -> None:
    """Runs `search` with a view of it, then prints the result. Raises SnasError."""

    def watched_by(listener: Listener) -> Run:
        return search(Surroundings(registry, listener))

    screen = console(as_json=as_json)
    whereabouts = _Whereabouts()
    try:
        run = _watched(watched_by, whereabouts, screen)
    except KeyboardInterrupt:
        _say_how_to_go_on(whereabouts.folder)
        raise typer.Exit(INTERRUPTED) from None
    except RunError as error:
        if whereabouts.folder is None:
            raise
        raise RunError(
            f"{error}\nevery finished trial is kept; when that is mended, go on with: "
            f"snas resume {whereabouts.folder}"
        ) from error
    if as_json:
        print_json(_summary(run))
    else:
        _show(run, screen)


def _watched(search: Callable[[Listener], Run], whereabouts: _Whereabouts, screen: Console) -> Run:
    if screen.is_terminal:
        with LiveView(screen) as view:
            return search(Listeners(whereabouts, view))
    log = LogView(lambda line: print(line, file=screen.file, flush=True))
    return search(Listeners(whereabouts, log))


def _say_how_to_go_on(folder: Path | None) -> None:
    if folder is None:
        print("snas: stopped before the search began", file=sys.stderr)
        return
    print("snas: stopped; every finished trial is kept", file=sys.stderr)
    print(f"snas: go on with: snas resume {folder}", file=sys.stderr)


def _show(run: Run, screen: Console) -> None:
    account, folder = run.account(), run.path
    screen.print(leaders_table(account.leaders[:5], account.measure, "Best of the search"))
    if account.front:
        screen.print(front_table(account.front[:FRONT], account.objectives, account.measure))
    failed = sum(trial.failed for trial in account.trials)
    if failed:
        screen.print(f"{failed} of {len(account.trials)} candidates failed; `snas runs show "
                     f"{folder}` says why")  # fmt: skip
    for line in result_lines(account):
        screen.print(line)
    screen.print("\n[bold]Next[/]")
    commands = _next_commands(folder, trained=account.measure.metric is not None)
    width = max(len(command) for command, _ in commands)
    for command, purpose in commands:
        screen.print(f"  {command:<{width}}  {purpose}", style="default", soft_wrap=True)


def _next_commands(folder: Path, *, trained: bool) -> list[tuple[str, str]]:
    for_networks = [
        (f"snas evaluate {folder}", "precision, recall, mistakes"),
        (f"snas export {folder} --format all", "files to deploy, checked"),
    ]
    return [
        *(for_networks if trained else []),
        (f"snas runs show {folder}", "which operators paid, what failed"),
        (f"{folder}/report.html", "the whole story"),
    ]


def _summary(run: Run) -> Mapping[str, Any]:
    return {
        "folder": str(run.path),
        "best": run.metrics,
        "trials": [trial_to_json(trial) for trial in run.records()],
    }
