"""EfficientNet: the published network, and what `depth`, `se_ratio` and `dropout` do."""

from __future__ import annotations

import pytest
import torch
from snas_plugins.families._layers import Shortcut
from snas_plugins.families.efficientnet import EfficientNet
from torch import nn
from torchvision.models import efficientnet_b0
from torchvision.ops import SqueezeExcitation, StochasticDepth

from snas_cli.api import Genes, Task

IMAGENET = Task((3, 224, 224), 1000)
SMALL = Task((3, 32, 32), 10)
B0 = (  # expansion, kernel, filters, blocks: the paper's table 1
    (1, 3, 16, 1), (6, 3, 24, 2), (6, 5, 40, 2), (6, 3, 80, 3), (6, 5, 112, 3), (6, 5, 192, 4),
    (6, 3, 320, 1),
)  # fmt: skip


def genes(*stages: tuple[int, int, int, int], **changes: float) -> Genes:
    names = ("expansion", "kernel", "filters", "blocks")
    return Genes({
        "layers": tuple(Genes(dict(zip(names, stage, strict=True))) for stage in stages),
        "width": 1.0,
        "depth": 1.0,
        "se_ratio": 0.25,
        "batch_norm": True,
        "dropout": 0.2,
        **changes,
    })  # fmt: skip


def blocks(record: Genes) -> list[int]:
    return [stage["blocks"] for stage in EfficientNet().phenotype(record)["layers"]]


def build(record: Genes, task: Task) -> nn.Module:
    with torch.device("meta"):
        return EfficientNet().build(record, task)


def sizes(network: nn.Module) -> list[int]:
    return sorted(parameter.numel() for parameter in network.parameters())


def test_b0_is_torchvisions() -> None:
    with torch.device("meta"):
        published = sizes(efficientnet_b0())
    assert sizes(build(genes(*B0), IMAGENET)) == published
    assert sum(published) == 5_288_548


def test_b0_has_a_shortcut_in_all_but_the_first_block_of_each_stage() -> None:
    network = build(genes(*B0), IMAGENET)
    assert sum(isinstance(layer, Shortcut) for layer in network.modules()) == 16 - 7


@pytest.mark.parametrize(
    ("depth", "repeats"),
    [(0.8, [1, 2, 3, 4, 8]), (1.0, [1, 2, 3, 5, 10]), (1.1, [2, 3, 4, 6, 11])],
)
def test_depth_multiplies_blocks_and_rounds_up(depth: float, repeats: list[int]) -> None:
    stages = [(1, 3, 8 + i, count) for i, count in enumerate([1, 2, 3, 5, 10])]
    assert blocks(genes(*stages, depth=depth)) == repeats


def test_depths_of_one_network_have_one_phenotype() -> None:
    phenotype = EfficientNet().phenotype
    shallow, plain = (genes((1, 3, 16, 1), (6, 3, 24, 2), depth=depth) for depth in (0.8, 1.0))
    assert phenotype(shallow) == phenotype(plain) == plain
    deeper = genes((1, 3, 16, 1), (6, 3, 24, 2), depth=1.2)
    assert phenotype(deeper) == genes((1, 3, 16, 2), (6, 3, 24, 3))


def test_like_neighbours_are_one_stage() -> None:
    assert blocks(genes((6, 3, 24, 2), (6, 3, 24, 1), (6, 5, 24, 1))) == [3, 1]
    assert blocks(genes((6, 3, 24, 1), (6, 5, 24, 1), (6, 3, 24, 2))) == [1, 1, 2]
    assert blocks(genes((6, 3, 24, 2), (6, 3, 24, 2), depth=1.2)) == [6]


@pytest.mark.parametrize(("ratio", "squeezed"), [(0.0, []), (0.125, [4, 2]), (0.25, [8, 4])])
def test_squeeze_is_a_share_of_what_enters_the_block(ratio: float, squeezed: list[int]) -> None:
    network = build(genes((6, 3, 16, 1), (6, 3, 24, 1), se_ratio=ratio), SMALL)
    attention = [layer for layer in network.modules() if isinstance(layer, SqueezeExcitation)]
    assert [layer.fc1.out_channels for layer in attention] == squeezed


def test_blocks_are_left_out_the_oftener_the_later() -> None:
    network = build(genes((1, 3, 32, 2), (6, 3, 24, 2), dropout=0.4), SMALL)
    rates = [layer.p for layer in network.modules() if isinstance(layer, StochasticDepth)]
    assert rates == pytest.approx([0.2, 0.4])  # the others halve or change the channels


def test_picture_passes_by_a_block_that_is_left_out() -> None:
    torch.manual_seed(0)
    network = EfficientNet().build(genes((1, 3, 32, 2), (1, 3, 24, 2), dropout=0.9), SMALL)
    *_, last = (layer for layer in network.modules() if isinstance(layer, Shortcut))
    nn.init.ones_(last.branch[-2][-1].weight)
    images = torch.randn(100, 24, 8, 8)
    passed = (last.train()(images) == images).flatten(1).all(1)
    assert 80 < passed.sum() < 99
    assert not (last.eval()(images) == images).flatten(1).all(1).any()
