"""ResNet: the published networks, with both kinds of block."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from snas_plugins.families.resnet import ResNet
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import resnet18, resnet50

from snas_cli.api import Genes, Task

IMAGENET = Task((3, 224, 224), 1000)
RESNET18 = [64] * 2 + [128] * 2 + [256] * 2 + [512] * 2
RESNET50 = [256] * 3 + [512] * 4 + [1024] * 6 + [2048] * 3


def build(filters: Sequence[int], *, bottleneck: bool, **block: str) -> nn.Module:
    layer = Genes({"kernel": 3, "activation": "relu", **block})
    layers = tuple(layer.replace(filters=count) for count in filters)
    genes = {"layers": layers, "bottleneck": bottleneck, "batch_norm": True, "dropout": 0.0}
    with torch.device("meta"):
        return ResNet().build(Genes(genes), IMAGENET)


def sizes(network: nn.Module) -> list[int]:
    return sorted(parameter.numel() for parameter in network.parameters())


def flops(network: nn.Module) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, *IMAGENET.input_shape, device="meta"))
    return counter.get_total_flops()


@pytest.mark.parametrize(
    ("filters", "bottleneck", "published", "parameters"),
    [(RESNET18, False, resnet18, 11_689_512), (RESNET50, True, resnet50, 25_557_032)],
)
def test_a_published_network_is_torchvisions(
    filters: list[int], bottleneck: bool, published: Callable[[], nn.Module], parameters: int
) -> None:
    network = build(filters, bottleneck=bottleneck)
    with torch.device("meta"):
        reference = published()
    assert sum(sizes(network)) == parameters
    assert sizes(network) == sizes(reference)
    assert flops(network) == pytest.approx(flops(reference), rel=0.01)


@pytest.mark.parametrize("activation", ["gelu", "silu"])
def test_activations_that_only_a_recipe_may_ask_for(activation: str) -> None:
    network = build([16, 32], bottleneck=True, activation=activation)
    assert network(torch.zeros(1, *IMAGENET.input_shape, device="meta")).shape == (1, 1000)
