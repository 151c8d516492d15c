"""`snas bench-export`: how fast the exported files of a run are on this machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snas_cli.commands._options import (
    RUNS,
    AsJson,
    RunsFolder,
    console,
    print_json,
    registry_of,
)

if TYPE_CHECKING:
    from snas_cli.experiment.exported import Timed


def add_to(app: typer.Typer) -> None:
    app.command()(bench_export)


def bench_export(
    context: typer.Context,
    target: Annotated[
        Path | None,
        typer.Argument(metavar="[RUN]", help="A run, or a folder of exports. Default: the latest."),
    ] = None,
    runs: RunsFolder = RUNS,
    as_json: AsJson = False,
) -> None:
    """Compare how long the exported formats of a run take on this machine.

    One picture at a time, on one thread, all formats in turn in one loop, in a process of their
    own; ranked by the least time that each took."""
    from snas_cli.experiment.exported import time_exported
    from snas_cli.export.documents import NAME
    from snas_cli.runs.folder import latest_run, open_run

    is_export = target is not None and (target / NAME).is_file()
    folder = target if target and is_export else open_run(target or latest_run(runs).path).export
    screen = console(as_json=as_json)
    with screen.status("timing …"):
        timed = time_exported(folder, registry_of(context))
    if as_json:
        print_json({"folder": str(folder), "formats": [
            {**asdict(each), "steady": each.latency.steady if each.latency else None}
            for each in timed
        ]})  # fmt: skip
    else:
        _show(timed, folder)


def _show(timed: list[Timed], folder: Path) -> None:
    from snas_cli.terminal.tables import plain_table

    table = plain_table(None, "file", ">least", ">median", ">p90", ">× fastest")
    fastest = next((each.latency.min_ms for each in timed if each.latency), 1.0)
    for each in timed:
        if each.latency is None:
            table.add_row(each.file, "–", "–", "–", "–")
            continue
        latency = each.latency
        table.add_row(each.file, f"{latency.min_ms:.3f} ms", f"{latency.median_ms:.3f} ms",
                      f"{latency.p90_ms:.3f} ms" + ("" if latency.steady else " *"),
                      f"{latency.min_ms / fastest:.2f}")  # fmt: skip
    screen = console()
    screen.print(table)
    for each in timed:
        if each.reason:
            screen.print(f"{each.file}: not timed: {each.reason}", markup=False)
    if any(each.latency and not each.latency.steady for each in timed):
        screen.print("* more than 1.5 times the median: the machine was busy; compare the least")
    screen.print(f"files of {folder}, one picture at a time on one thread", markup=False)
