"""How long a search will take, by a short trial of it on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, islice
from random import Random
from statistics import fmean, median
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F  # noqa: N812 - its name everywhere

from snas_cli.api import Genome, SearchError
from snas_cli.experiment.assembly import Assembly
from snas_cli.experiment.finale import PLENTY
from snas_cli.experiment.limits import Gate
from snas_cli.experiment.planning import share_trained
from snas_cli.recipe.resolve import levels_of
from snas_cli.training.batches import part_of_epoch, training_batches
from snas_cli.training.trainer import make_optimizer

if TYPE_CHECKING:
    from snas_cli.experiment.by_training import TrainingJudge

NETWORKS = 6  # random ones within the limits
STEPS = 5  # of training, after one that does not count
JUDGING = 3  # times as quick as training: there is no backward pass
SHARE = 0.25  # of a budget, that plenty of epochs of one network's final training may take


@dataclass(frozen=True)
class Estimate:
    """Of what a recipe takes on this machine; rather less, for many candidates stop early."""

    pictures_per_second: float  # that a candidate is trained with
    seconds_per_trial: float
    seconds_of_finale: float

    def seconds(self, trials: int, at_once: int = 1) -> float:
        """For a whole search, with so many candidates at the same time."""
        return (trials * self.seconds_per_trial + self.seconds_of_finale) / at_once

    def trials_within(self, seconds: float, at_once: int = 1) -> float:
        """With so many at the same time; the finale may take no more than half of it."""
        finale = min(self.seconds_of_finale / at_once, seconds / 2)
        return (seconds - finale) / self.seconds_per_trial * at_once


def estimate(judge: TrainingJudge, clock: Callable[[], float] = time.perf_counter) -> Estimate:
    """Trains a few random networks of the recipe for some steps each, and expects candidates to be
    like the slower half of them: what a search breeds, and trains the longest, is larger than what
    is drawn. Raises SearchError where none is within the limits."""
    torch.set_num_threads(1)  # as in a search
    recipe, data = judge.recipe, judge.assembly.data
    seconds = [_seconds_per_picture(judge.assembly, genome, clock) for genome in _drawn(judge)]
    mean = fmean(sorted(seconds)[len(seconds) // 2 :])
    learning, judging = mean * len(data.train), mean * len(data.val) / JUDGING
    part = part_of_epoch(data, recipe.training)
    finale = recipe.finale
    return Estimate(
        pictures_per_second=1 / mean,
        seconds_per_trial=(part * learning + judging)
        * recipe.training.epochs
        * share_trained(recipe.search.rungs),
        seconds_of_finale=(learning + judging) * finale.epochs * finale.top * finale.seeds,
    )


def activations_within(
    budget: float, judge: TrainingJudge, clock: Callable[[], float] = time.perf_counter
) -> int | None:
    """The activations, in bytes a picture, beyond which PLENTY of a network's final training would
    take more than SHARE of a budget in seconds; half of what is drawn is within them in any case.
    None where no network that is drawn has more.

    On a CPU training takes as long as what it has to keep in memory and to fetch again: of 61
    networks of eight families, trained on 32×32 pictures for a search, the logarithms of seconds
    and activations had a correlation of 0.95, of seconds and FLOPs 0.54. Raises SearchError where
    no network is within the limits.
    """
    torch.set_num_threads(1)
    data, drawn = judge.assembly.data, _drawn(judge)
    kept = [judge.cost(genome)["activation_bytes"] for genome in drawn]
    seconds = [_seconds_per_picture(judge.assembly, genome, clock) for genome in drawn]
    seconds_per_byte = median(s / size for s, size in zip(seconds, kept, strict=True))
    passes = min(PLENTY, judge.recipe.finale.epochs) * (len(data.train) + len(data.val) / JUDGING)
    most = SHARE * budget / (passes * seconds_per_byte)
    if most >= max(kept):
        return None
    return round(max(most, median(kept)))


def _drawn(judge: TrainingJudge) -> list[Genome]:
    """Some within the limits, by turns of every level."""
    levels, admit = levels_of(judge.recipe, judge.registry), Gate(judge)
    rng = Random(0)
    draws = (level.sample(rng) for _ in range(100) for level in levels)
    smallest = (admit.smallest(family) for family in judge.space.families)  # where hardly any pass
    drawn = list(islice(filter(admit, chain(draws, smallest)), NETWORKS))
    if not drawn:
        raise SearchError(f"no architecture drawn is within the limits: {admit.refusals()}")
    return drawn


def _seconds_per_picture(assembly: Assembly, genome: Genome, clock: Callable[[], float]) -> float:
    settings, data = assembly.recipe.training, assembly.data
    network = assembly.workshop.build(genome).train()
    optimizer = make_optimizer(network, genome.genes, settings)
    batches = training_batches(data, settings, torch.Generator().manual_seed(0))
    began, each = clock(), list[float]()
    for images, labels in islice(batches, STEPS + 1):
        F.cross_entropy(network(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
        each.append((clock() - began) / len(labels))
        began = clock()
    return median(each[1:] or each)  # one step that others held up must not count for all
