"""The plain proxies: what a network costs, as limits count it."""

from __future__ import annotations

from random import Random

import pytest
import torch

from snas_cli.api import Task
from snas_cli.recipe.resolve import own_space
from snas_cli.registry import Registry
from snas_cli.training.cost import measure_cost
from tests.builtin import FAMILIES

TASK = Task((3, 20, 17), 5)


@pytest.mark.parametrize("name", FAMILIES)
def test_they_are_what_limits_count(registry: Registry, name: str) -> None:
    family = registry.family(name)
    genes = own_space(family).sample(Random(3)).genes
    cost = measure_cost(family, genes, TASK)
    images, labels = torch.randn(4, *TASK.input_shape), torch.arange(4)
    for proxy, counted in (("params", cost.params), ("flops", cost.flops)):
        network = family.build(genes, TASK).train()
        assert registry.proxy(proxy).score(network, images, labels) == counted
