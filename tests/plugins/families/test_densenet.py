"""DenseNet: the published network, its transitions and its dropout."""

from __future__ import annotations

import pytest
import torch
from snas_plugins.families.densenet import DenseNet
from torch import nn
from torchvision.models import densenet121

from snas_cli.api import Genes, Task


def genes(*dense_layers: int, **changes: float) -> Genes:
    return Genes({
        "layers": tuple(Genes({"dense_layers": count}) for count in dense_layers),
        "growth": 32,
        "compression": 0.5,
        "bottleneck": 4,
        "batch_norm": True,
        "dropout": 0.0,
        **changes,
    })  # fmt: skip


def build(record: Genes, task: Task) -> nn.Module:
    with torch.device("meta"):
        return DenseNet().build(record, task)


def sizes(network: nn.Module) -> list[int]:
    return sorted(parameter.numel() for parameter in network.parameters())


def pooling(network: nn.Module) -> list[int]:
    layers = [layer for layer in network.modules() if isinstance(layer, nn.AvgPool2d)]
    return [int(layer.kernel_size) for layer in layers]


def test_densenet121_is_torchvisions() -> None:
    network = build(genes(6, 12, 24, 16), Task((3, 224, 224), 1000))
    with torch.device("meta"):
        reference = densenet121()
    assert sum(sizes(network)) == 7_978_856
    assert sizes(network) == sizes(reference)
    assert pooling(network) == pooling(reference)


@pytest.mark.parametrize(
    ("size", "blocks", "pools"),
    [
        (8, 2, [2]),
        (8, 5, [2]),  # the first of the four transitions
        (28, 3, [2, 2]),  # 7 are left
        (32, 4, [2, 2, 2]),
        (32, 2, [8]),
        (64, 3, [4, 4]),
        (224, 5, [2, 2, 2]),
    ],
)
def test_some_four_pixels_are_left(size: int, blocks: int, pools: list[int]) -> None:
    network = build(genes(*[1] * blocks), Task((1, size, size), 2))
    assert pooling(network) == pools


def test_a_dense_layer_keeps_what_it_was_given() -> None:
    network = DenseNet().build(genes(3, 2, growth=12), Task((3, 8, 8), 2)).eval()
    block = network[1][0]
    images = torch.randn(2, 24, 5, 4)
    features = block(images)
    assert features.shape == (2, 24 + 3 * 12, 5, 4)
    assert torch.equal(features[:, :24], images)


def test_a_transition_never_drops_every_channel() -> None:
    network = build(genes(1, 1, 1, 1, growth=4, compression=0.1), Task((1, 32, 32), 2))
    assert network(torch.zeros(2, 1, 32, 32, device="meta")).shape == (2, 2)


def test_every_dense_layer_has_dropout() -> None:
    network = build(genes(3, 4, dropout=0.3), Task((1, 16, 16), 2))
    rates = [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)]
    assert rates == [0.3] * 7


def test_without_batch_norm_convolutions_have_a_bias() -> None:
    network = build(genes(2, 2, batch_norm=False), Task((1, 16, 16), 2))
    layers = list(network.modules())
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in layers)
    assert all(layer.bias is not None for layer in layers if isinstance(layer, nn.Conv2d))
