"""`snas export`: writes networks of a run in formats to deploy, and checks each file."""

from __future__ import annotations

from collections.abc import Callable
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
from snas_cli.errors import ExportError, UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from snas_cli.experiment.ranked import Kept
    from snas_cli.export.exporting import Exported
    from snas_cli.registry import Registry


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
    rank: Annotated[
        int, typer.Option(min=1, help="Which network of the run: 1 is the best, 3 the third-best.")
    ] = 1,
    pareto: Annotated[
        bool, typer.Option("--pareto", help="All of the Pareto front, a folder each.")
    ] = False,
    with_preprocessing: Annotated[
        bool,
        typer.Option("--with-preprocessing", help="The model takes uint8 pixels as they are."),
    ] = False,
    opset: Annotated[int, typer.Option(min=18, max=23, help="Of ONNX.")] = 20,
    max_drop: Annotated[
        float, typer.Option(min=0, max=1, help="Accuracy that a format may lose.")
    ] = 0.01,
    runs: RunsFolder = RUNS,
    as_json: AsJson = False,
) -> None:
    """Write a network of a run in formats to deploy, and check each file.

    Each is loaded in the runtime that will serve it, in a process of its own, compared with the
    network on the test pictures, and timed. A file that computes something else, or is less
    accurate by more than --max-drop, is an error; the others are written all the same."""
    from snas_cli.experiment.exports import export_network, formats_of
    from snas_cli.export import exporting
    from snas_cli.runs.folder import latest_run

    registry, screen = registry_of(context), console(as_json=as_json)
    wanted = formats_of(formats, registry)
    chosen = _chosen(target or latest_run(runs).path, rank, registry, pareto=pareto)
    documents, wrong = [], []
    for kept in chosen:
        folder = _folder(kept, output, rank, pareto=pareto)
        with screen.status("reading the pictures …") as status:
            options = exporting.Options(opset, max_drop, lambda what: status.update(f"{what} …"))
            results, document = export_network(
                kept, wanted.exporters, registry, folder, options, pixels=with_preprocessing
            )
        documents.append({"folder": str(folder), "trial": kept.trial, **document})
        wrong += exporting.faults(results, max_drop)
        if not as_json:
            title = f"Trial {kept.trial}" if pareto else None
            _show(results, wanted.left_out, document, folder, title, screen)
    if as_json:
        left_out = {"left_out": wanted.left_out}
        print_json({"networks": documents, **left_out} if pareto else documents[0] | left_out)
    if wrong:
        raise ExportError("\n".join(wrong))


def _chosen(target: Path, rank: int, registry: Registry, *, pareto: bool) -> list[Kept]:
    from snas_cli.experiment.bundle import find_architecture, read_bundle
    from snas_cli.experiment.ranked import Kept, Ranking
    from snas_cli.experiment.scoring import run_of

    if pareto and rank != 1:
        raise UsageError("--pareto exports the whole front; leave out --rank")
    architecture = find_architecture(target)
    if not pareto and rank == 1:
        return [Kept(read_bundle(architecture, registry), None)]
    run = run_of(architecture)
    if run is None:
        raise UsageError(f"{architecture} lies in no run, so there is no other network beside it; "
                         "name a run")  # fmt: skip
    ranking = Ranking(run, registry)
    return ranking.front() if pareto else [ranking.at(rank)]


def _folder(kept: Kept, output: Path | None, rank: int, *, pareto: bool) -> Path:
    run = kept.bundle.path.parent.parent
    if pareto:
        return (output or run / "export-pareto") / f"trial-{kept.trial}"
    return output or run / ("export" if rank == 1 else f"export-rank-{rank}")


def _show(
    results: list[Exported], left_out: dict[str, str], document: dict[str, Any], folder: Path,
    title: str | None, screen: Any,
) -> None:  # fmt: skip
    from snas_cli.search.wording import percent
    from snas_cli.terminal.tables import plain_table

    table = plain_table(title, "format", ">kB", ">accuracy", ">same class", ">largest Δ",
                        ">written in")  # fmt: skip
    for each in results:
        table.add_row(
            each.format,
            _text(each.size_bytes, lambda size: f"{size / 1000:,.1f}"),
            _text(each.accuracy, percent),
            _text(each.agreement, percent),
            _text(each.largest_difference, "{:.1e}".format),
            _text(each.seconds, "{:.1f} s".format),
        )
    screen.print(table)
    timed = [each for each in results if each.latency_ms is not None]
    if timed:
        screen.print(_latencies(timed))
    for line in _notes(results, left_out, document, folder):
        screen.print(line, markup=False)


def _latencies(results: list[Exported]) -> Table:
    from snas_cli.terminal.tables import plain_table

    table = plain_table(None, "format", ">least", ">median", ">p90", ">× ONNX")
    for each in results:
        values = (each.latency_min_ms, each.latency_ms, each.latency_p90_ms)
        least, median, high = (_text(value, "{:.3f} ms".format) for value in values)
        table.add_row(each.format, least, median, high + " *" * (each.latency_steady is False),
                      _text(each.latency_ratio, "{:.2f}".format))  # fmt: skip
    return table


def _text(value: float | None, write: Callable[[float], str]) -> str:
    return "–" if value is None else write(value)


def _notes(
    results: list[Exported], left_out: dict[str, str], document: dict[str, Any], folder: Path
) -> list[str]:
    from snas_cli.search.wording import percent

    notes = [f"{each.format}: {remark}" for each in results for remark in each.remarks]
    notes += [f"{each.format}: not checked: {each.not_checked}" for each in results
              if each.not_checked]  # fmt: skip
    notes += [f"{name}: left out, for it needs: {need}" for name, need in left_out.items()]
    if any(each.latency_steady is False for each in results):
        notes.append("* the machine was busy: p90 is over 1.5 times the median; compare the least")
    of = "" if document["pictures"] == document["of_pictures"] else (
        f" of {document['of_pictures']:,}"
    )  # fmt: skip
    accurate = next((e.network_accuracy for e in results if e.network_accuracy is not None), None)
    known = "" if accurate is None else f", which is right for {percent(accurate)} of them"
    notes.append(f"compared with the network{known}, on {document['pictures']:,}{of} test pictures")
    notes.append("latency: of one picture on one thread; × ONNX: the least, by that of the ONNX "
                 "file in float32, timed in turn with it")  # fmt: skip
    files = ", ".join(each.file for each in results if each.file)
    if files:
        notes.append(f"written to {folder}: {files}; README.md says how to use each")
    if document["outdated"]:
        notes.append(f"left there from an earlier export, of another network or of other input: "
                     f"{', '.join(document['outdated'])}")  # fmt: skip
    return notes
