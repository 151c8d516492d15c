"""`snas export`: writes the best network in formats to deploy, and checks each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from snas_cli.commands._options import (
    RUNS,
    AsJson,
    RunsFolder,
    console,
    print_json,
    registry_of,
)
from snas_cli.errors import ExportError

if TYPE_CHECKING:
    from snas_cli.export.exporting import Exported


def add_to(app: typer.Typer) -> None:
    app.command()(export)


def export(
    context: typer.Context,
    target: Annotated[
        Path | None, typer.Argument(help="A run or its architecture.json. Default: the latest.")
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", help="Formats, such as onnx,python; or all.")
    ] = "onnx",
    output: Annotated[
        Path | None, typer.Option(help="Where to. Default: export/ in the run.")
    ] = None,
    runs: RunsFolder = RUNS,
    as_json: AsJson = False,
) -> None:
    """Write the network of a run in formats to deploy, and check each file.

    Each is loaded in the runtime that will serve it and compared with the network on the test
    pictures; a file that computes something else is an error."""
    from snas_cli.experiment.bundle import find_architecture, load_network, read_bundle
    from snas_cli.experiment.scoring import held_out, own_data
    from snas_cli.export import exporting
    from snas_cli.runs.files import write_json
    from snas_cli.runs.folder import latest_run

    registry = registry_of(context)
    names = registry.names("exporter") if formats == "all" else formats.replace(" ", "").split(",")
    exporters = [registry.exporter(name) for name in names]
    bundle = read_bundle(find_architecture(target or latest_run(runs).path), registry)
    folder = output or bundle.path.parent.parent / "export"
    screen = console(as_json=as_json)
    network = load_network(bundle, registry)
    pictures = held_out(own_data(bundle, registry)[1])
    results = []
    for exporter in exporters:
        with screen.status(f"writing and checking {exporter.name} …"):
            results.append(exporting.export(exporter, network, bundle.card, folder, pictures))
    document = exporting.report(results, bundle.card)
    write_json(folder / "export.json", document)
    if as_json:
        print_json(document)
    else:
        _show(results, folder, screen)
    _refuse_unsound(results)


def _show(results: list[Exported], folder: Path, screen: Any) -> None:
    from snas_cli.search.wording import percent
    from snas_cli.terminal.tables import plain_table

    table = plain_table(None, "format", "file", ">kB", ">accuracy", ">same class",
                        ">largest difference")  # fmt: skip
    for each in results:
        table.add_row(each.format, each.file, f"{each.size_bytes / 1000:,.1f}",
                      percent(each.accuracy), percent(each.agreement),
                      f"{each.largest_difference:.1e}")  # fmt: skip
    screen.print(table)
    screen.print(f"written to {folder}, each compared with the network on "
                 f"{results[0].pictures:,} test pictures", markup=False)  # fmt: skip


def _refuse_unsound(results: list[Exported]) -> None:
    wrong = [each for each in results if not each.sound]
    if wrong:
        raise ExportError("\n".join(
            f"{each.file} does not compute what the network does: logits differ by up to "
            f"{each.largest_difference:.3g}; do not use it" for each in wrong
        ))  # fmt: skip
