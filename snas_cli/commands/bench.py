"""`snas bench`: what a strategy, an operator or a setting is worth, in about a minute."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from snas_cli.commands import _completion as completion
from snas_cli.commands._options import AsJson, console, print_json, registry_of
from snas_cli.errors import UsageError
from snas_cli.registry import Registry

if TYPE_CHECKING:
    from rich.table import Table

    from snas_cli.bench.contest import Contest, Contestant, Line

TABLE = "NAS-Bench-201, CIFAR-100"
REGRET = "Points of validation accuracy below the best of 15,625 networks"


def add_to(app: typer.Typer) -> None:
    app.command()(bench)


def bench(
    context: typer.Context,
    strategy: Annotated[
        str | None,
        typer.Option(
            help="Such as evolution,mine; all if none is named.",
            autocompletion=completion.components("strategy"),
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A key of a recipe for all: --set search.population_size=20"),
    ] = None,
    variants: Annotated[
        list[str] | None,
        typer.Option("--variant", help="The same once more, with this: search.operators.mine=0"),
    ] = None,
    trainings: Annotated[int, typer.Option(min=4, help="That each search may look up.")] = 100,
    seeds: Annotated[int, typer.Option(min=2, help="Searches of each, to tell luck apart.")] = 20,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes. Default: a core each.")
    ] = None,
    plot: Annotated[Path, typer.Option(help="Where the curves are drawn.")] = Path("bench.svg"),
    as_json: AsJson = False,
) -> None:
    """Compare search strategies on a table of networks that were all trained.

    Regret is what the best network found lacks to the best there is. All have the same seeds, so a
    strategy or an operator that is yours competes on equal terms: `--strategy mine,evolution`, or
    `--strategy evolution --variant search.operators.mine=0`."""
    from snas_cli.bench.contest import Contest
    from snas_cli.bench.drawing import regret_drawing
    from snas_cli.runs.files import write_whole

    named = strategy.replace(" ", "").split(",") if strategy else _all(registry_of(context))
    contestants = _contestants(named, settings or [], variants or [])
    contest = Contest(trainings, seeds)
    lines = list(_held(contest, contestants, workers or len(os.sched_getaffinity(0)), as_json))
    drawing = regret_drawing(lines, trainings, REGRET)
    write_whole(plot, lambda partial: partial.write_text(drawing, encoding="utf-8"))
    if as_json:
        print_json(_document(contest, lines, plot))
    else:
        screen = console()
        screen.print(_table(contest, lines))
        screen.print(f"{REGRET} of\n"
                     f"{TABLE}: the mean of {seeds} searches and its 95 % interval, after so many\n"
                     f"trainings. Curves: {plot}", markup=False, soft_wrap=True)  # fmt: skip


def _all(registry: Registry) -> list[str]:
    """The one that a recipe has by default comes first, for others are set beside it."""
    from snas_cli.recipe.schema import SearchSettings

    return [SearchSettings().strategy, *registry.names("strategy")]


def _contestants(
    strategies: Sequence[str], settings: Sequence[str], variants: Sequence[str]
) -> list[Contestant]:
    """Each strategy as it is, then with each variant. Raises UsageError."""
    from snas_cli.bench.contest import Contestant

    shared = dict(map(_setting, settings))
    plain = [Contestant(name, name, shared) for name in dict.fromkeys(strategies)]
    return plain + [
        Contestant(f"{each.title}, {text.removeprefix('search.')}", each.strategy,
                   {**shared, **dict([_setting(text)])})
        for text in variants for each in plain
    ]  # fmt: skip


def _setting(text: str) -> tuple[str, Any]:
    """The key and the value of search.elites=1."""
    from snas_cli.recipe.document import Document
    from snas_cli.recipe.loading import override

    document = Document("bench")
    override(document, [text])
    key = text.partition("=")[0]
    if not key.startswith("search.") or key == "search.max_trials":
        raise UsageError(f"{text}: only keys of search can be set here, without max_trials, which "
                         "--trainings is for")  # fmt: skip
    value: Any = document.values
    for part in key.split("."):
        value = value[part]
    return key, value


def _held(
    contest: Contest, contestants: Sequence[Contestant], workers: int, as_json: bool
) -> Iterator[Line]:
    from snas_cli.bench.contest import Line

    curves: list[list[float]] = []
    with console(as_json=as_json).status("beginning …") as status:
        for contestant, curve in contest.hold(contestants, workers):
            curves.append(curve)
            status.update(f"{contestant.title}: {len(curves)} of {contest.seeds} searches")
            if len(curves) == contest.seeds:
                yield Line(contestant.title, curves)
                curves = []


def _table(contest: Contest, lines: Sequence[Line]) -> Table:
    """Beside the first line, with how many seeds each is better and worse."""
    from snas_cli.bench.contest import checkpoints
    from snas_cli.terminal.tables import as_it_is, plain_table

    columns = [f">{step}" for step in checkpoints(contest.trainings)]
    others = [f"better, worse than {lines[0].title}"] if len(lines) > 1 else []
    table = plain_table(None, "strategy", *columns, *others)
    table.columns[0].no_wrap, table.columns[-1].no_wrap = True, not others
    for line in lines:
        regrets = (f"{line.mean(step):.2f} ± {line.half_width(step):.2f}"
                   for step in checkpoints(contest.trainings))  # fmt: skip
        better, worse = line.against(lines[0], contest.trainings)
        beside = [f"{better}, {worse} of {contest.seeds}"] if line is not lines[0] else [""]
        table.add_row(as_it_is(line.title), *regrets, *(beside if others else []))
    return table


def _document(contest: Contest, lines: Sequence[Line], plot: Path) -> dict[str, Any]:
    return {
        "table": TABLE,
        "trainings": contest.trainings,
        "seeds": contest.seeds,
        "plot": str(plot),
        "strategies": [{"name": line.title, "regrets": line.curves} for line in lines],
    }
