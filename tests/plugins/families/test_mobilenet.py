"""MobileNet: the published network, and what `width`, `expansion` and `skip` do."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from snas_plugins.families._layers import Shortcut
from snas_plugins.families.mobilenet import MobileNet
from torch import nn
from torchvision.models import mobilenet_v2

from snas_cli.api import Genes, Task

IMAGENET = Task((3, 224, 224), 1000)
SMALL = Task((3, 32, 32), 10)
TABLE_2 = (  # expansion, filters, repeats
    (1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1),
)  # fmt: skip
MOBILENET_V2 = tuple((e, filters, i > 0) for e, filters, count in TABLE_2 for i in range(count))


def genes(*layers: tuple[int, int, bool], width: float = 1.0, activation: str = "relu") -> Genes:
    """`layers`: expansion, filters, skip."""
    same = {"kernel": 3, "activation": activation}
    records = [
        Genes({"expansion": expansion, "filters": filters, "skip": skip, **same})
        for expansion, filters, skip in layers
    ]
    return Genes({"layers": tuple(records), "width": width, "batch_norm": True, "dropout": 0.2})


def build(record: Genes, task: Task) -> nn.Sequential:
    with torch.device("meta"):
        network = MobileNet().build(record, task)
    assert isinstance(network, nn.Sequential)
    return network


def sizes(network: nn.Module) -> list[int]:
    return sorted(parameter.numel() for parameter in network.parameters())


def convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]


def test_mobilenet_v2_is_torchvisions() -> None:
    with torch.device("meta"):
        published = sizes(mobilenet_v2())
    assert sizes(build(genes(*MOBILENET_V2), IMAGENET)) == published
    assert sum(published) == 3_504_872


def test_published_network_halves_where_channels_grow_and_ends_at_7_pixels() -> None:
    trunk = build(genes(*MOBILENET_V2), IMAGENET)[:2]
    assert trunk(torch.empty(1, 3, 224, 224, device="meta")).shape == (1, 320, 7, 7)
    shortcuts = [layer for layer in trunk.modules() if isinstance(layer, Shortcut)]
    assert len(shortcuts) == 10
    assert all(isinstance(shortcut.project, nn.Identity) for shortcut in shortcuts)


@pytest.mark.parametrize(("size", "stride"), [(95, 1), (96, 2)])
def test_stem_halves_large_pictures(size: int, stride: int) -> None:
    network = build(genes((1, 16, False), (1, 16, False)), Task((3, size, 200), 10))
    assert convolutions(network)[0].stride == (stride, stride)


def test_width_multiplies_every_width() -> None:
    network = build(genes((3, 16, False), (3, 24, False), width=0.75), SMALL)
    narrow = [layer.out_channels for layer in convolutions(network)]
    assert narrow == [24, 72, 72, 12, 36, 36, 18, 4 * 18]


def test_block_widens_filters_each_channel_and_is_linear_at_its_end() -> None:
    branch = build(genes((6, 16, False), (6, 16, False), activation="silu"), SMALL)[1][0]
    assert [(c.out_channels, c.groups) for c in convolutions(branch)] == [
        (192, 1), (192, 192), (16, 1),
    ]  # fmt: skip
    assert sum(isinstance(layer, nn.SiLU) for layer in branch.modules()) == 2
    assert isinstance(list(branch.modules())[-1], nn.BatchNorm2d)


def test_without_expansion_there_is_no_first_convolution() -> None:
    branch = build(genes((1, 16, False), (1, 16, False)), SMALL)[1][0]
    assert [layer.groups for layer in convolutions(branch)] == [32, 1]


def test_skip_adds_what_went_in() -> None:
    torch.manual_seed(0)
    layers = ((3, 16, True), (3, 16, True))
    network: Any = MobileNet().build(genes(*layers), Task((3, 8, 8), 10)).eval()
    images = torch.randn(2, 16, 8, 8)
    projected, kept = network[1]
    assert torch.equal(kept(images), images)  # for the branch starts at nothing
    nn.init.ones_(kept.branch[-1][-1].weight)
    assert torch.allclose(kept(images), images + kept.branch(images))
    assert projected.project[0].stride == 2
