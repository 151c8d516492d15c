"""Building blocks that several families share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, log2
from typing import Any

import torch
from torch import nn
from torchvision.ops import Conv2dNormActivation

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
}
LARGE = 96  # pixels: from here on the paper's ImageNet stem, below it the one for CIFAR


def convolution(
    channels: int, filters: int, kernel: int, *, stride: int = 1, activation: str | None, norm: bool
) -> Conv2dNormActivation:
    """Convolution that keeps the size (for stride 1), batch norm and activation; the last two are
    optional. N×channels×H×W to N×filters×⌈H/stride⌉×⌈W/stride⌉."""
    thinned = kernel == 1 < stride
    step = 1 if thinned else stride
    block = Conv2dNormActivation(channels, filters, kernel, step, **_after(activation, norm))
    initialise(block[0], activation)
    if thinned:
        # The same as a stride of the convolution, of which the backward pass of oneDNN (torch 2.14,
        # AVX2, channels last, 2 to 7 channels) corrupts memory.
        block.insert(0, nn.MaxPool2d(1, stride))
    return block


def depthwise(
    channels: int, kernel: int, *, stride: int = 1, activation: str | None, norm: bool
) -> Conv2dNormActivation:
    """As `convolution`, with one filter for each channel, which sees no other channel."""
    after = _after(activation, norm)
    block = Conv2dNormActivation(channels, channels, kernel, stride, groups=channels, **after)
    initialise(block[0], activation)
    return block


def _after(activation: str | None, norm: bool) -> dict[str, Any]:
    """What follows a convolution, in the words of Conv2dNormActivation."""
    return {
        "norm_layer": nn.BatchNorm2d if norm else None,
        "activation_layer": ACTIVATIONS[activation] if activation else None,
        "inplace": None if activation == "gelu" else True,  # nn.GELU has no such argument
    }


def initialise(layer: nn.Conv2d | nn.Linear, activation: str | None) -> None:
    """Normal weights that keep the variance: He et al. 2015 (section 2.2) before a rectifier, LeCun
    before nothing or SELU, as self-normalising networks need (Klambauer et al. 2017, section 2).
    """
    linear = activation in (None, "selu")
    nn.init.kaiming_normal_(layer.weight, nonlinearity="linear" if linear else "relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def start_as_identity(last: Conv2dNormActivation) -> None:
    """Zeroes what scales a residual branch's output, so that deep stacks start as shallow ones and
    train with or without batch norm (Goyal et al. 2017, section 5.1). `last` is its last part."""
    nn.init.zeros_(last[-1].weight)


def dropout(rate: float, activation: str) -> nn.Module:
    """Dropout of a kind that suits the activation before it."""
    return nn.AlphaDropout(rate) if activation == "selu" else nn.Dropout(rate)


def halvings(depth: int, size: int) -> list[int]:
    """How many times each of `depth` layers halves a picture of `size` pixels, so that about 4×4
    are left at the end, whatever the depth; early rather than late, which costs less."""
    total = max(int(log2(size / 4)), 0)  # pooling rounds down: 4 to 7 pixels
    reached = [ceil(total * i / depth) for i in range(depth + 1)]
    return [after - before for before, after in pairwise(reached)]


def late_halvings(depth: int, size: int) -> list[int]:
    """The same with equally many layers for each size of the picture, the last of which is about
    7×7: this takes more time, and learns more from as many parameters."""
    total = max(int(log2(size / 7)), 0)  # 7 to 13 pixels
    reached = [min((total + 1) * i // depth, total) for i in range(depth + 1)]
    return [after - before for before, after in pairwise(reached)]


def strides(widths: Sequence[int], size: int) -> list[int]:
    """A stride for each of the blocks with so many channels, so that about 4×4 pixels of `size` are
    left at the end, whatever the depth. A picture is halved where its channels grow (He et al.
    2016, section 3.3), and elsewhere only where they grow too seldom."""
    total = max(ceil(log2(size / 7)), 0)  # strides round up: 4 to 7 pixels
    grows = [i for i, (before, width) in enumerate(pairwise(widths), 1) if width > before]
    others = [i for i in range(len(widths)) if i not in grows]
    places = _spread(grows, total)
    places += _spread(others, total - len(places))
    exponents = [places.count(i) for i in range(len(widths))]
    for extra in range(total - len(places)):  # more halvings than blocks
        exponents[extra % len(widths)] += 1
    return [2**exponent for exponent in exponents]


def _spread(places: list[int], count: int) -> list[int]:
    """`count` of the places, or all, at even distances."""
    if count >= len(places):
        return list(places)
    return [places[i * len(places) // count] for i in range(count)]


def stem(
    channels: int, filters: int, size: int, *, activation: str, norm: bool
) -> tuple[nn.Sequential, int]:
    """The first convolution, and how many pixels are left of `size`: 3×3 for small pictures (He et
    al. 2016, section 4.2), 7×7 with pooling to a quarter for large ones (section 3.4)."""
    if size < LARGE:
        return convolution(channels, filters, 3, activation=activation, norm=norm), size
    block = convolution(channels, filters, 7, stride=2, activation=activation, norm=norm)
    return block.append(nn.MaxPool2d(3, 2, padding=1)), ceil(size / 4)


class Shortcut(nn.Module):
    """branch(x) + x, where x is projected if its shape does not fit (He et al. 2016, eq. 2)."""

    def __init__(
        self, branch: nn.Module, channels: int, filters: int, *, stride: int = 1, norm: bool
    ) -> None:
        super().__init__()
        self.branch = branch
        fits = channels == filters and stride == 1
        self.project = (
            nn.Identity()
            if fits
            else convolution(channels, filters, 1, stride=stride, activation=None, norm=norm)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total: torch.Tensor = self.branch(x) + self.project(x)
        return total


def pooled_head(channels: int, classes: int, drop: nn.Module) -> nn.Sequential:
    """Global average pooling, dropout, linear classifier: N×channels×H×W to N×classes."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), drop, nn.Linear(channels, classes))
