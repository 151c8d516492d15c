"""Search spaces as people read them: families, their genes, a genome."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log10
from typing import Any

from rich.table import Table

from snas_cli.api import Family, Gene, Genome, Layers, Space, Task
from snas_cli.genome.genes import in_words
from snas_cli.recipe.quantities import format_count
from snas_cli.terminal.tables import plain_table

Params = tuple[int, int]  # with every gene at its lowest, and at its highest


def task_in_words(task: Task) -> str:
    channels, height, width = task.input_shape
    return f"for pictures of {channels}×{height}×{width} and {task.classes} classes"


def params_in_words(params: Params, task: Task) -> str:
    lowest, highest = map(format_count, params)
    return (
        f"{lowest} parameters with every gene at its lowest, {highest} with every gene at its "
        f"highest, {task_in_words(task)}"
    )


def families_table(space: Space, rows: Iterable[tuple[Family, Params]]) -> Table:
    table = plain_table(None, "family", ">level", ">layers", "genes of its own", ">architectures",
                        ">parameters")  # fmt: skip
    for family, (lowest, highest) in rows:
        table.add_row(
            family.name,
            str(family.level),
            _bounds(space.genes(family.name)),
            ", ".join(_own_names(family.genes)),
            _power(space.size(family.name)),
            f"{format_count(lowest)}–{format_count(highest)}",
        )
    return table


def family_heading(family: Family, space: Space) -> str:
    words = inspect.getdoc(type(family)) or ""
    summary = words.partition("\n\n")[0].replace("\n", " ")
    size = _power(space.size(family.name))
    return f"{family.name}, level {family.level}, {size} architectures. {summary}"


def genes_table(genes: Mapping[str, Gene]) -> Table:
    table = plain_table(None, "gene", "options", "start", "role")
    for depth, name, gene in _rows(genes):
        options = f"{gene.least} to {gene.most}, each with" if isinstance(gene, Layers) else (
            gene.allowed + _condition(gene)
        )  # fmt: skip
        start = "" if gene.start is None else in_words(gene.start)
        table.add_row("  " * depth + name, options, start, gene.role or "")
    return table


def genome_table(genome: Genome) -> Table:
    """Its genes, and a line for each layer."""
    table = plain_table(None, "gene", "value")
    for name, value in genome.genes.items():
        if not isinstance(value, tuple):
            table.add_row(name, in_words(value))
    for name, value in genome.genes.items():
        for i, layer in enumerate(value if isinstance(value, tuple) else (), 1):
            words = ", ".join(f"{gene} {in_words(part)}" for gene, part in layer.items())
            table.add_row(f"{name} {i}", words)
    return table


def genes_as_json(genes: Mapping[str, Gene]) -> dict[str, Any]:
    return {name: _gene_as_json(gene) for name, gene in genes.items()}


def _gene_as_json(gene: Gene) -> dict[str, Any]:
    kind = {"kind": type(gene).__name__.lower()}
    if isinstance(gene, Layers):
        values = {"least": gene.least, "most": gene.most, "item": genes_as_json(gene.item)}
    else:
        values = {"options": list(gene.options), "start": gene.start}
    return {**kind, **values, "role": gene.role, "when": gene.when}


def _rows(genes: Mapping[str, Gene], depth: int = 0) -> Iterator[tuple[int, str, Gene]]:
    for name, gene in genes.items():
        yield depth, name, gene
        if isinstance(gene, Layers):
            yield from _rows(gene.item, depth + 1)


def _own_names(genes: Mapping[str, Gene]) -> Sequence[str]:
    return [name for _, name, gene in _rows(genes) if not isinstance(gene, Layers)]


def _bounds(genes: Mapping[str, Gene]) -> str:
    return ", ".join(f"{g.least}–{g.most}" for g in genes.values() if isinstance(g, Layers))


def _condition(gene: Gene) -> str:
    if not gene.when:
        return ""
    return ", if " + " and ".join(f"{name} is {in_words(v)}" for name, v in gene.when.items())


def _power(count: int) -> str:
    """10^12 for what is too long to read."""
    return f"{count:,}" if count < 1_000_000 else f"10^{log10(count):.0f}"
