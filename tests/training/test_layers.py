"""The parts of a network cost what the whole of it costs."""

from __future__ import annotations

from random import Random

import pytest

from snas_cli.api import Task
from snas_cli.recipe.resolve import own_space
from snas_cli.registry import Registry
from snas_cli.training.cost import measure_cost
from snas_cli.training.layers import measure_layers


@pytest.mark.parametrize("name", ["cnn", "densenet", "mlp", "vit"])
def test_parts_add_up(registry: Registry, name: str) -> None:
    family, task = registry.family(name), Task((3, 16, 16), 10)
    genes = own_space(family).sample(Random(1)).genes
    layers, cost = measure_layers(family, genes, task), measure_cost(family, genes, task)
    assert sum(layer.params for layer in layers) == cost.params
    assert sum(layer.flops for layer in layers) == cost.flops
    assert layers[-1].shape == (10,)
