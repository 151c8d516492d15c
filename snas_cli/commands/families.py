"""`snas families`: the kinds of network, the genes of each, and an example."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Annotated

import typer

from snas_cli.api import Genome, Space, Task
from snas_cli.commands._options import AsJson, console, print_json, registry_of
from snas_cli.errors import UsageError
from snas_cli.registry import Registry


def add_to(app: typer.Typer) -> None:
    app.command()(families)


def families(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Show the genes of these.")] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="The search space as this recipe customises it.")
    ] = None,
    sample: Annotated[bool, typer.Option(help="Draw one random network.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed, another network.")] = 0,
    pictures: Annotated[
        str, typer.Option(help="Channels, height and width that networks are counted for.")
    ] = "3x32x32",
    classes: Annotated[int, typer.Option(min=2, help="And how many classes.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List the families of networks; with names, their genes and options."""
    registry = registry_of(context)
    space = _space(recipe, registry)
    task = Task(_shape(pictures), classes)
    for name in names or []:
        space.genes(name)  # raises for one that is not there
    chosen = names or list(space.families)
    if sample:
        rng = Random(seed)
        _show_sample(space.sample(rng, rng.choice(chosen)), registry, task, as_json=as_json)
    elif as_json:
        print_json([_as_json(name, space, registry, task) for name in chosen])
    elif names:
        _show_genes(names, space, registry, task)
    else:
        _show_list(space, registry, task)


def _space(recipe: Path | None, registry: Registry) -> Space:
    from snas_cli.recipe.document import read_document
    from snas_cli.recipe.loading import check
    from snas_cli.recipe.resolve import space_of
    from snas_cli.recipe.schema import SpaceSettings

    settings = check(read_document(recipe), registry).space if recipe else SpaceSettings()
    return space_of(settings, registry)


def _shape(text: str) -> tuple[int, int, int]:
    """(3, 32, 32) from 3x32x32. Raises UsageError."""
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise UsageError(f"--pictures {text}: should be such as 3x32x32, channels first")
    channels, height, width = map(int, parts)
    if not channels or min(height, width) < 8:
        raise UsageError(f"--pictures {text}: should have 1 channel and 8×8 pixels at least")
    return channels, height, width


def _params(name: str, space: Space, registry: Registry, task: Task) -> tuple[int, int]:
    from snas_cli.training.cost import count_params

    lowest, highest = (
        count_params(registry.family(name), genome.genes, task) for genome in space.extremes(name)
    )
    return lowest, highest


def _show_list(space: Space, registry: Registry, task: Task) -> None:
    from snas_cli.terminal.spaces import families_table, task_in_words

    rows = [(registry.family(n), _params(n, space, registry, task)) for n in space.families]
    screen = console()
    screen.print(families_table(space, rows))
    screen.print(
        f"Parameters: with every gene at its lowest and at its highest, {task_in_words(task)}.\n"
        "Genes and options of one: snas families NAME; a random network: snas families --sample",
        style="dim",
    )


def _show_genes(names: list[str], space: Space, registry: Registry, task: Task) -> None:
    from snas_cli.terminal.spaces import family_heading, genes_table, params_in_words
    from snas_cli.terminal.words import architecture

    screen = console()
    for name in names:
        screen.print(family_heading(registry.family(name), space), markup=False)
        screen.print(genes_table(space.genes(name)))
        textbook = space.textbook(name)
        if textbook is not None:
            screen.print(f"tried first: {architecture(textbook)}", markup=False)
        screen.print(params_in_words(_params(name, space, registry, task), task), style="dim")


def _show_sample(genome: Genome, registry: Registry, task: Task, *, as_json: bool) -> None:
    from snas_cli.search.wording import costs_of
    from snas_cli.terminal.spaces import genome_table, task_in_words
    from snas_cli.training.cost import measure_cost

    cost = measure_cost(registry.family(genome.family), genome.genes, task)
    if as_json:
        print_json({**genome.to_json(), "params": cost.params, "flops": cost.flops,
                    "activation_bytes": cost.activation_bytes})  # fmt: skip
        return
    screen = console()
    screen.print(genome.family, style="bold")
    screen.print(genome_table(genome))
    words = costs_of({"params": cost.params, "flops": cost.flops})
    screen.print(f"{words}, {task_in_words(task)}", style="dim")


def _as_json(name: str, space: Space, registry: Registry, task: Task) -> dict[str, object]:
    from snas_cli.terminal.spaces import genes_as_json

    lowest, highest = _params(name, space, registry, task)
    textbook = space.textbook(name)
    return {
        "name": name,
        "level": registry.family(name).level,
        "genes": genes_as_json(space.genes(name)),
        "textbook": textbook.to_json()["genes"] if textbook else None,
        "architectures": space.size(name),
        "params": {"lowest": lowest, "highest": highest},
    }
