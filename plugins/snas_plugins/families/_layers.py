"""Building blocks that several families share."""

from __future__ import annotations

from itertools import pairwise
from math import ceil, log2

import torch
from torch import nn
from torchvision.ops import Conv2dNormActivation

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
}


def convolution(
    channels: int, filters: int, kernel: int, *, stride: int = 1, activation: str | None, norm: bool
) -> Conv2dNormActivation:
    """Convolution that keeps the size (for stride 1), batch norm and activation; the last two are
    optional. N×channels×H×W to N×filters×⌈H/stride⌉×⌈W/stride⌉."""
    block = Conv2dNormActivation(
        channels,
        filters,
        kernel,
        stride,
        norm_layer=nn.BatchNorm2d if norm else None,
        activation_layer=ACTIVATIONS[activation] if activation else None,
    )
    initialise(block[0], activation)
    return block


def initialise(layer: nn.Conv2d | nn.Linear, activation: str | None) -> None:
    """Normal weights that keep the variance: He et al. 2015 (section 2.2) before a rectifier, LeCun
    before nothing or SELU, as self-normalising networks need (Klambauer et al. 2017, section 2).
    """
    linear = activation in (None, "selu")
    nn.init.kaiming_normal_(layer.weight, nonlinearity="linear" if linear else "relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def dropout(rate: float, activation: str) -> nn.Module:
    """Dropout of a kind that suits the activation before it."""
    return nn.AlphaDropout(rate) if activation == "selu" else nn.Dropout(rate)


def halvings(depth: int, size: int) -> list[int]:
    """How many times each of `depth` layers halves a picture of `size` pixels, so that about 4×4
    are left at the end, whatever the depth; early rather than late, which costs less."""
    total = max(int(log2(size / 4)), 0)
    reached = [ceil(total * i / depth) for i in range(depth + 1)]
    return [after - before for before, after in pairwise(reached)]


class Shortcut(nn.Module):
    """branch(x) + x, where x is projected if its shape does not fit (He et al. 2016, eq. 2)."""

    def __init__(self, branch: nn.Module, channels: int, filters: int, stride: int = 1) -> None:
        super().__init__()
        self.branch = branch
        fits = channels == filters and stride == 1
        self.project = nn.Identity() if fits else nn.Conv2d(channels, filters, 1, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total: torch.Tensor = self.branch(x) + self.project(x)
        return total


def pooled_head(channels: int, classes: int, rate: float) -> nn.Sequential:
    """Global average pooling, dropout, linear classifier: N×channels×H×W to N×classes."""
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(rate), nn.Linear(channels, classes)
    )
