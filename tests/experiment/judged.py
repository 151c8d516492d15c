"""A plugin whose evaluator has a formula in place of training, and searches that it judges."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from snas_cli.api import (
    CandidateError,
    Evaluation,
    Evaluator,
    Family,
    Genes,
    Genome,
    Ordinal,
    SearchError,
    Task,
    hookimpl,
)
from snas_cli.recipe.document import Document
from snas_cli.recipe.loading import check
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import GROUP, Registry

VALUES: dict[str, dict[str, Any]] = {
    "space": {"families": ["point"]},
    "evaluator": {"name": "formula", "options": {"peak": 5}},
    "search": {"generations": 4, "population_size": 6, "elites": 1, "options": {"pool": 4}},
}


class Point(Family):
    name = "point"
    genes = {"x": Ordinal(*range(12)), "y": Ordinal(*range(12))}
    shared_genes = False

    def build(self, genes: Genes, task: Task) -> Any:
        raise CandidateError("a point is no network")


class Formula(Evaluator):
    """The nearer to (peak, peak) the better; of points on an axis it knows nothing."""

    name = "formula"
    summary = "a formula: options peak"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        if options.keys() != {"peak"}:
            raise SearchError("evaluator.options.peak: it is what a formula needs")

    def evaluate(self, genome: Genome) -> Evaluation:
        x, y = genome.genes["x"], genome.genes["y"]
        if not x * y:
            raise CandidateError("it lies on an axis")
        peak = self.options["peak"]
        fitness = -float((x - peak) ** 2 + (y - peak) ** 2)
        return Evaluation(fitness, {"val_acc": fitness, **self.cost(genome)})

    def cost(self, genome: Genome) -> Mapping[str, float]:
        return {"params": genome.genes["x"] * 10 + genome.genes["y"]}


@hookimpl
def snas_register_families() -> list[Family]:
    return [Point()]


@hookimpl
def snas_register_evaluators() -> list[type[Evaluator]]:
    return [Formula]


def registry() -> Registry:
    """What is installed, and this."""
    return Registry([*entry_points(group=GROUP), EntryPoint("judged", __name__, GROUP)])


def recipe(registry: Registry, folder: Path, **sections: dict[str, Any]) -> Recipe:
    changed = {name: {**VALUES.get(name, {}), **section} for name, section in sections.items()}
    output = {"folder": str(folder), "name": "run", **changed.pop("output", {})}
    return check(Document("judged", {**VALUES, **changed, "output": output}), registry)
