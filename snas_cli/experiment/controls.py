"""What was the search worth? Random search with the same training, and a network made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Any

import torch
from torch import nn

from snas_cli.api import Family, Genes, Genome, Ordinal, Task
from snas_cli.experiment.assembly import Assembly
from snas_cli.experiment.limits import exceeded, limits_of
from snas_cli.recipe.resolve import own_space
from snas_cli.recipe.schema import Recipe, RungSettings
from snas_cli.runs.folder import RunFolder
from snas_cli.training.candidates import fitness_of
from snas_cli.training.cost import measure_cost

LEARNING_RATES = (0.001, 0.003, 0.01)  # that somebody would try


class HandMade(Family):
    """Three stages of two convolutions (Simonyan & Zisserman 2015) with batch norm, each twice as
    wide and half as large as the one before, and the mean of the last (Lin et al. 2014)."""

    name = "hand_made"
    genes = {"width": Ordinal(*range(1, 1025))}  # of the first stage

    def build(self, genes: Genes, task: Task) -> nn.Module:
        channels, layers = task.input_shape[0], list[nn.Module]()
        for stage in range(3):
            width = genes["width"] * 2**stage
            for _ in range(2):
                layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False),
                           nn.BatchNorm2d(width), nn.ReLU()]  # fmt: skip
                channels = width
            layers.append(nn.MaxPool2d(2) if stage < 2 else nn.AdaptiveAvgPool2d(1))
        return nn.Sequential(
            *layers, nn.Flatten(), nn.Dropout(genes["dropout"]), nn.Linear(channels, task.classes)
        )


@dataclass(frozen=True)
class Ending:
    """What the best of a search had in its finale."""

    networks: int  # that were trained again
    epochs: int

    @classmethod
    def of(cls, best: Mapping[str, Any], finalists: Iterable[Mapping[str, Any]]) -> Ending:
        """By the winner's metrics and the journal's events. Where training again made none better,
        the most that any had; where there was no time for it, what the winner had before."""
        retrained = [event for event in finalists if event["reason"] is None]
        most = max((event["metrics"]["epochs"] for event in retrained), default=best["epochs"])
        epochs = best["epochs"] if best["stage"] == "final" else most
        return cls(len({event["fingerprint"] for event in retrained}) or 1, ceil(epochs))


def random_recipe(recipe: Recipe, folder: RunFolder, epochs: float, ending: Ending) -> Recipe:
    """Random search for as many epochs, over the whole space, with the same end."""
    search = recipe.search.model_copy(
        update={"strategy": "random", "progressive": False, "proxies": [], "options": {},
                "rungs": RungSettings(count=1), "generations": None, "budget": None,
                "max_trials": None, "max_epochs": epochs}
    )  # fmt: skip
    sharing = recipe.sharing.model_copy(update={"enabled": False})
    finale = recipe.finale.model_copy(
        update={"controls": False, "start": "scratch", "top": ending.networks,
                "epochs": ending.epochs}
    )  # fmt: skip
    output = recipe.output.model_copy(
        update={"folder": str(folder.path / "controls"), "name": "random"}
    )
    changes = {"search": search, "sharing": sharing, "finale": finale, "output": output,
               "observers": {}}  # fmt: skip
    return recipe.model_copy(update=changes)


def train_hand_made(assembly: Assembly, best: Mapping[str, Any], epochs: int) -> dict[str, Any]:
    """As large as it can be with the parameters of the winner, whose metrics are given, and within
    the limits; trained like it with each of a few learning rates. The metrics of the one that
    validates best, tested."""
    torch.set_num_threads(1)
    recipe, family = assembly.recipe, HandMade()
    workshop = replace(assembly.workshop, family=lambda _name: family).with_whole_epochs()
    if best.get("mirrored"):
        workshop = workshop.with_mirrored()
    limits = {**limits_of(recipe.limits), "params": best["params"]}
    width = _width(family, assembly.data.task, limits)
    trained = {rate: workshop.train(_genome(family, width, rate), epochs)
               for rate in LEARNING_RATES}  # fmt: skip
    rate, chosen = max(
        trained.items(), key=lambda item: fitness_of(item[1].metrics, recipe.training)
    )
    return {**chosen.metrics, **workshop.test(chosen.network), "learning_rate": rate}


def _width(family: Family, task: Task, limits: Mapping[str, float]) -> int:
    """The largest whose cost is within the limits, or 1."""
    width = 1
    while width < 1024:
        genes = _genome(family, width + 1, LEARNING_RATES[0]).genes
        if exceeded(asdict(measure_cost(family, genes, task)), limits):
            break
        width += 1
    return width


def _genome(family: Family, width: int, learning_rate: float) -> Genome:
    values: Mapping[str, Any] = {"batch_norm": True, "dropout": 0.1, "optimizer": "adamw",
                                 "width": width, "learning_rate": 0.001}  # fmt: skip
    genome = own_space(family).genome(family.name, values)
    # The options of the space are those of a search; an engineer has others.
    return Genome(family.name, genome.genes.replace(learning_rate=learning_rate))
