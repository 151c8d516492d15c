"""Each family can be exported in each format, with batch norm and without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import torch

from snas_cli.api import Family, Genome, ModelCard, Task
from snas_cli.export.sources import bare_source
from snas_cli.recipe.resolve import own_space
from snas_cli.registry import Registry
from tests.builtin import FAMILIES

TASK = Task((3, 18, 22), 4)
REGISTRY = Registry.installed()


def two_of(family: Family) -> Iterator[Genome]:
    """The smallest, without batch norm; and another of the same depth, with it."""
    space, rng = own_space(family), Random(1)
    smallest, _ = space.extremes(family.name)
    yield smallest
    genome = space.mutate(smallest, rng, 0.5)
    values = genome.genes.replace(batch_norm=True, layers=genome.genes["layers"][:2])
    yield space.genome(family.name, values)


@pytest.mark.parametrize("name", FAMILIES)
def test_exports_answer_as_the_network(name: str, tmp_path: Path) -> None:
    for genome in two_of(REGISTRY.family(name)):
        torch.manual_seed(0)
        network = REGISTRY.family(name).build(genome.genes, TASK).eval()
        with torch.no_grad():
            for parameter in network.parameters():  # none may hide another by being 0
                parameter.add_(0.05 * torch.randn_like(parameter))
        card = ModelCard(
            genome.to_json(), TASK.input_shape, ("a", "b", "c", "d"), *[(0.5,) * 3] * 2
        )
        images = torch.randn(3, *TASK.input_shape)
        with torch.no_grad():
            expected = network(images)
        for exporter in ("onnx", "python"):
            folder = tmp_path / genome.fingerprint / exporter
            folder.mkdir(parents=True)
            model = REGISTRY.exporter(exporter).write(bare_source(network, card), folder).files[0]
            actual = torch.from_numpy(REGISTRY.exporter(exporter).load(model)(images.numpy()))
            scale = expected.abs().max().item()
            assert (actual - expected).abs().max().item() < 1e-4 * max(scale, 1), exporter
