"""ShuffleNetV2: the published network, its units, and sizes that others stumble over."""

from __future__ import annotations

from random import Random

import pytest
import torch
from snas_plugins.families._shuffle import ReducingUnit, Unit
from snas_plugins.families.shufflenetv2 import ShuffleNetV2
from torch import nn
from torchvision.models import shufflenet_v2_x1_0

from snas_cli.api import Genes, Space, Task


def genes(*stages: tuple[int, int], **changes: float) -> Genes:
    return Genes({
        "layers": tuple(Genes({"channels": width, "blocks": units}) for width, units in stages),
        "width": 1.0,
        "head": 1024,
        "batch_norm": True,
        "dropout": 0.0,
        **changes,
    })  # fmt: skip


def build(record: Genes, task: Task) -> nn.Module:
    with torch.device("meta"):
        return ShuffleNetV2().build(record, task)


def sizes(network: nn.Module) -> list[int]:
    return sorted(parameter.numel() for parameter in network.parameters())


def strides(network: nn.Module) -> list[int]:
    layers = [layer for layer in network.modules() if isinstance(layer, ReducingUnit)]
    return [layer.short[0][0].stride[0] for layer in layers]


def test_shufflenetv2_is_torchvisions() -> None:
    network = build(genes((116, 4), (232, 8), (464, 4)), Task((3, 224, 224), 1000))
    with torch.device("meta"):
        reference = shufflenet_v2_x1_0()
    assert sum(sizes(network)) == 2_278_604
    assert sizes(network) == sizes(reference)
    assert strides(network) == [2, 2, 2]


@pytest.mark.parametrize(
    ("size", "stages", "expected"),
    [
        (8, (32, 64, 64), [1, 2, 1]),
        (28, (64, 32), [2, 2]),
        (32, (32, 64, 64, 64, 116), [2, 2, 1, 1, 2]),
        (64, (32, 64), [4, 4]),
    ],
)
def test_some_four_pixels_are_left(size: int, stages: tuple[int, ...], expected: list[int]) -> None:
    network = build(genes(*[(width, 1) for width in stages]), Task((1, size, size), 2))
    assert strides(network) == expected


def test_half_of_the_channels_pass_through_a_unit() -> None:
    unit = Unit(6, norm=True).eval()
    images = torch.randn(2, 6, 5, 4)
    features = unit(images)
    assert torch.equal(features[:, ::2], images[:, :3])
    assert torch.equal(features[:, 1::2], unit.branch(images[:, 3:]))


@pytest.mark.parametrize(("width", "stem"), [(0.5, 12), (0.75, 18), (1.0, 24), (1.5, 36)])
def test_width_is_that_of_every_stage_and_the_stem(width: float, stem: int) -> None:
    network = build(genes((32, 1), (116, 2), width=width), Task((1, 32, 32), 2))
    assert network[0][0].out_channels == stem
    halves = [unit.branch[-1].out_channels for unit in network[1].modules()
              if isinstance(unit, ReducingUnit)]  # fmt: skip
    assert halves == [16 * width, round(58 * width)]


def test_a_stem_of_few_channels_and_odd_ones() -> None:
    """2 × round(9 × 0.25 / 2) = 2 channels; round(24 × 0.3) = 7."""
    for width in (0.25, 0.3):
        network = build(genes((9, 2), (11, 2), width=width, head=17), Task((1, 9, 13), 3))
        assert network(torch.zeros(2, 1, 9, 13, device="meta")).shape == (2, 3)


def test_random_genomes_of_any_width_work_for_any_picture() -> None:
    """The predecessor of this tool failed for a fifth of them."""
    rng = Random(0)
    space = Space({"shufflenetv2": ShuffleNetV2().genes})
    for _ in range(20):
        changes = {"width": rng.uniform(0.25, 4), "batch_norm": rng.random() < 0.5, "dropout": 0.1}
        shape = rng.choice((1, 3, 4)), rng.randint(8, 130), rng.randint(8, 130)
        network = build(space.sample(rng).genes.replace(**changes), Task(shape, 5))
        assert network(torch.zeros(2, *shape, device="meta")).shape == (2, 5)
