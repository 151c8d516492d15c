"""`snas datasets`: what there is to search on, what it is like, what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snas_cli.commands._options import AsJson, console, print_json, registry_of
from snas_cli.scripting.targets import document_of

if TYPE_CHECKING:
    from snas_cli.experiment.by_training import TrainingJudge

Target = Annotated[
    str, typer.Argument(help="A data set's name, a folder, a table (.csv) or a recipe (.yaml).")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="Any key of a recipe: --set data.image_size=48")
]


def add_to(app: typer.Typer) -> None:
    datasets = typer.Typer(
        invoke_without_command=True, help="List data sets; check, preview or download one."
    )
    datasets.callback()(_list_by_default)
    for command in (list_, show, download, check, preview, clean):
        datasets.command(command.__name__.rstrip("_"))(command)
    app.add_typer(datasets, name="datasets")


def _list_by_default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_(context)


def list_(context: typer.Context, as_json: AsJson = False) -> None:
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


def show(
    context: typer.Context, target: Target, settings: Settings = None, as_json: AsJson = False
) -> None:
    """Show how a search would use it: classes, splits, size, colours."""
    from snas_cli.data.checking import examine
    from snas_cli.terminal.datasets import counts_table, findings_as_json, form_in_words

    data = _judge(context, target, settings).assembly.data
    findings = examine(data)
    if as_json:
        print_json(findings_as_json(data.classes, findings))
        return
    screen = console()
    screen.print(form_in_words(findings))
    screen.print(counts_table(data.classes, findings))


def download(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A data set's name.")],
    data_dir: Annotated[Path | None, typer.Option(help="Where to keep it.")] = None,
) -> None:
    """Download a public data set, so that searches need no network."""
    settings = [f"data.data_dir={data_dir}"] if data_dir else None
    data = _judge(context, name, settings).assembly.data
    sizes = ", ".join(f"{len(split):,} {part}" for part, split in data.splits.items())
    console().print(f"{name} is ready: {sizes}")


def check(
    context: typer.Context, target: Target, settings: Settings = None, as_json: AsJson = False
) -> None:
    """Look for pictures that cannot be read, twins and skewed classes; estimate memory and time."""
    from snas_cli.data.checking import examine
    from snas_cli.experiment.estimating import estimate
    from snas_cli.experiment.planning import expected_trials, planned_generations, trials_in
    from snas_cli.terminal.datasets import complaints, findings_as_json, needs_in_words

    judge = _judge(context, target, [*(settings or []), "data.on_bad_image=skip"])
    data, search = judge.assembly.data, judge.recipe.search
    findings = examine(data)
    expected = estimate(judge)
    seconds = expected.seconds(
        trials_in(search, planned_generations(search, expected_trials(search, judge.epochs_each))),
        judge.executor().capacity,
    )
    if as_json:
        print_json(findings_as_json(data.classes, findings) | {"search_seconds": seconds})
    else:
        screen = console()
        for line in complaints(data.classes, findings):
            screen.print(line, markup=False, soft_wrap=True)  # a path stays whole
        screen.print(needs_in_words(findings, seconds, expected.pictures_per_second))
    if findings.bad:
        raise typer.Exit(1)


def preview(
    context: typer.Context,
    target: Target,
    output: Annotated[Path, typer.Option(help="The picture to write.", dir_okay=False)] = Path(
        "preview.png"
    ),
    columns: Annotated[int, typer.Option(min=1, max=50, help="Pictures of each class.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other pictures.")] = 0,
    settings: Settings = None,
) -> None:
    """Write a contact sheet: some training pictures of each class, as a search sees them."""
    import torch

    from snas_cli.data.preview import contact_sheet, in_words
    from snas_cli.runs.files import write_whole
    from snas_cli.terminal.tables import as_it_is

    data = _judge(context, target, settings).assembly.data
    sheet = contact_sheet(data, columns, torch.Generator().manual_seed(seed))
    write_whole(output, lambda partial: sheet.save(partial, format="PNG"))
    screen = console()
    screen.print(f"written to {output}", markup=False, soft_wrap=True)
    for line in in_words(data.classes):
        screen.print(as_it_is(line), soft_wrap=True)


def clean(
    cache_dir: Annotated[
        Path | None, typer.Option(help="Default: $SNAS_CACHE, or ~/.cache/snas/decoded.")
    ] = None,
) -> None:
    """Delete the decoded pictures that are kept; a search that needs them decodes them again."""
    from snas_cli.data.cache import Cache
    from snas_cli.experiment import assembly
    from snas_cli.recipe.schema import DataSettings

    settings = DataSettings(cache_dir=None if cache_dir is None else str(cache_dir))
    folder = assembly.cache_dir(settings)
    sets, size = Cache(folder).clear()
    counted = "1 decoded set" if sets == 1 else f"{sets:,} decoded sets"
    said = f"{counted} deleted from {folder}: {size / 1e6:,.1f} MB"
    console().print(said, markup=False, soft_wrap=True)


def _judge(context: typer.Context, target: str, settings: list[str] | None) -> TrainingJudge:
    from snas_cli.experiment.by_training import training_judge
    from snas_cli.recipe import loading

    registry = registry_of(context)
    document = document_of(target, registry)
    loading.override(document, settings or [])
    return training_judge(loading.check(document, registry), registry)
