"""What a network costs: by steps, and whatever is left out to be quick about it."""

from __future__ import annotations

from random import Random

import pytest

from snas_cli.api import Genome, Task
from snas_cli.recipe.resolve import own_space
from snas_cli.registry import Registry
from snas_cli.training import cost
from snas_cli.training.cost import cost_in_steps, measure_cost, structure_of
from tests.builtin import FAMILIES

TASK = Task((3, 24, 24), 5)


@pytest.mark.parametrize("name", FAMILIES)
def test_answers_that_are_known_beforehand_are_those_of_torch(
    registry: Registry, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = registry.family(name)
    rng = Random(7)
    genomes = [own_space(family).sample(rng) for _ in range(4)]
    quick = [measure_cost(family, genome.genes, TASK) for genome in genomes]
    monkeypatch.setattr(cost, "ELEMENTWISE", frozenset())
    monkeypatch.setattr(cost, "IN_PLACE", frozenset())
    assert quick == [measure_cost(family, genome.genes, TASK) for genome in genomes]


def test_weights_are_known_before_a_picture_is_seen(registry: Registry) -> None:
    family = registry.family("resnet")
    genes = own_space(family).sample(Random(0)).genes
    weights, work = cost_in_steps(family, genes, TASK)
    assert list(weights) == ["params", "size_bytes"]
    assert list(work) == ["flops", "activation_bytes"]
    assert vars(measure_cost(family, genes, TASK)) == weights | work


def test_one_structure_costs_the_same(registry: Registry) -> None:
    family = registry.family("mlp")
    space = own_space(family)
    one = space.sample(Random(0))
    rates = [0.1, 0.001]
    quick, slow = (space.genome("mlp", one.genes.replace(learning_rate=rate)) for rate in rates)
    assert structure_of(quick) == structure_of(slow)
    assert structure_of(quick) != structure_of(Genome("other", quick.genes))
    assert structure_of(quick) not in (quick.fingerprint, slow.fingerprint)
