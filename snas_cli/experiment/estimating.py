"""How long a search will take, by a short trial of it on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from random import Random

import torch
from torch.nn import functional as F  # noqa: N812 - its name everywhere

from snas_cli.api import Genome
from snas_cli.experiment.assembly import Assembly
from snas_cli.training.batches import training_batches
from snas_cli.training.trainer import make_optimizer

NETWORKS = 6  # random ones within the limits
STEPS = 4  # of training, after one that does not count


@dataclass(frozen=True)
class Estimate:
    pictures_per_second: float  # that an average candidate is trained with
    seconds: float  # for the whole search; rather less, for many candidates stop early


def estimate(assembly: Assembly, clock: Callable[[], float] = time.perf_counter) -> Estimate:
    """Trains a few random networks of the recipe for some steps each."""
    torch.set_num_threads(1)  # as in a search
    recipe, data = assembly.recipe, assembly.data
    seconds = [_seconds_per_picture(assembly, genome, clock) for genome in _drawn(assembly)]
    mean = sum(seconds) / len(seconds)
    search = recipe.search
    later = (search.generations - 1) * (search.population_size - search.elites)
    epochs = recipe.training.epochs * (search.population_size + later)
    epochs += recipe.finale.epochs * recipe.finale.top
    pictures = len(data.train) + len(data.val) / 3  # judging has no backward pass
    return Estimate(1 / mean, mean * epochs * pictures)


def _drawn(assembly: Assembly) -> list[Genome]:
    """Some within the limits, by turns of every level."""
    setup, rng = assembly.setup(), Random(0)
    draws = (level.sample(rng) for _ in range(400) for level in setup.levels)
    return list(islice(filter(setup.admit, draws), NETWORKS))


def _seconds_per_picture(assembly: Assembly, genome: Genome, clock: Callable[[], float]) -> float:
    settings, data = assembly.recipe.training, assembly.data
    network = assembly.workshop.build(genome).train()
    optimizer = make_optimizer(network, genome.genes, settings)
    batches = training_batches(data, settings, torch.Generator().manual_seed(0))
    seen, began = 0, 0.0
    for step, (images, labels) in enumerate(islice(batches, STEPS + 1)):
        F.cross_entropy(network(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
        if step == 0:
            began = clock()
        else:
            seen += len(labels)
    return (clock() - began) / max(seen, 1)
