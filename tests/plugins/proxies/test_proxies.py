"""What holds for every proxy that comes with snas, on every family."""

from __future__ import annotations

from functools import cache
from math import isfinite
from random import Random

import pytest
import torch

from snas_cli.api import Genome, Layers, Task
from snas_cli.recipe.resolve import own_space
from snas_cli.registry import Registry
from snas_cli.training.cost import measure_cost
from tests.builtin import FAMILIES

REGISTRY = Registry.installed()
NAMES = [part.name for part in REGISTRY.components("proxy") if part.origin.startswith("snas:")]
TASKS = [Task((1, 12, 12), 10), Task((3, 10, 14), 3)]
SMALL = 15_000_000  # FLOPs
DEPTH = 12


def test_all_are_there() -> None:
    assert NAMES == ["flops", "grad_norm", "naswot", "params", "synflow", "zen"]


def score(name: str, genome: Genome, task: Task, pictures: int = 8) -> float:
    torch.manual_seed(0)
    network = REGISTRY.family(genome.family).build(genome.genes, task).train()
    images = torch.randn(pictures, *task.input_shape)
    return REGISTRY.proxy(name).score(network, images, torch.arange(pictures) % task.classes)


@cache
def small(family: str, task: Task, seed: int) -> Genome:
    """A random genome that does not take long."""
    space, rng = own_space(REGISTRY.family(family)), Random(seed)
    while True:
        genome = space.sample(rng)
        if measure_cost(REGISTRY.family(family), genome.genes, task).flops < SMALL:
            return genome


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", NAMES)
def test_every_family_has_a_score(name: str, family: str) -> None:
    for seed, task in enumerate(TASKS):
        genome = small(family, task, seed)
        found = score(name, genome, task)
        assert type(found) is float
        assert isfinite(found), genome
        assert found == score(name, genome, task), genome


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("norm", [True, False])
def test_deep_networks_have_scores(family: str, norm: bool) -> None:
    """Whether something normalises them or not."""
    space, task = own_space(REGISTRY.family(family)), Task((1, 8, 8), 4)
    genome, _ = space.extremes(family)
    layers = REGISTRY.family(family).genes["layers"]
    assert isinstance(layers, Layers)
    first = genome.genes["layers"][0]
    deep = genome.genes.replace(batch_norm=norm, layers=(first,) * min(DEPTH, layers.most))
    for name in NAMES:
        assert isfinite(score(name, Genome(family, deep), task)), name


@pytest.mark.parametrize("name", NAMES)
def test_dropout_plays_no_part(name: str) -> None:
    for family in ("mlp", "efficientnet", "vit"):
        genome = small(family, TASKS[0], 0)
        rates = (Genome(family, genome.genes.replace(dropout=rate)) for rate in (0.0, 0.5))
        assert len({score(name, one, TASKS[0]) for one in rates}) == 1, family
