"""What MobileNetV2 (Sandler et al. 2018) and EfficientNet (Tan & Le 2019) have in common: inverted
residual blocks, the stem before them and the head behind them."""

from __future__ import annotations

from math import ceil

from torch import nn
from torchvision.ops import Conv2dNormActivation, SqueezeExcitation, StochasticDepth

from snas_cli.api import Genes, Task
from snas_plugins.families._layers import (
    ACTIVATIONS,
    LARGE,
    Shortcut,
    convolution,
    depthwise,
    dropout,
    initialise,
    pooled_head,
    start_as_identity,
)


def scaled(genes: Genes) -> list[Genes]:
    """The layers, `width` times as wide (Howard et al. 2017, section 3.3)."""
    return [
        layer.replace(filters=round(genes["width"] * layer["filters"])) for layer in genes["layers"]
    ]


def mobile_stem(task: Task, genes: Genes, activation: str) -> tuple[Conv2dNormActivation, int, int]:
    """The first convolution, its channels, and how many pixels it leaves of the shorter side: half
    of them for large pictures, as in both papers' first tables, and all of small ones."""
    size = min(task.input_shape[1:])
    stride = 2 if size >= LARGE else 1
    channels = round(32 * genes["width"])
    block = convolution(
        task.input_shape[0],
        channels,
        3,
        stride=stride,
        activation=activation,
        norm=genes["batch_norm"],
    )
    return block, channels, ceil(size / stride)


def inverted_residual(
    channels: int,
    layer: Genes,
    *,
    stride: int,
    activation: str,
    norm: bool,
    squeezed: int = 0,
) -> nn.Sequential:
    """A wide depthwise convolution between two 1×1 convolutions, the last of them linear (Sandler
    et al. 2018, figure 4d), and before that one squeeze-and-excitation, if to any channels (Hu et
    al. 2018, section 3). N×channels×H×W to N×filters×⌈H/stride⌉×⌈W/stride⌉."""
    wide = channels * layer["expansion"]
    branch = nn.Sequential()
    if layer["expansion"] > 1:
        branch.append(convolution(channels, wide, 1, activation=activation, norm=norm))
    branch.append(depthwise(wide, layer["kernel"], stride=stride, activation=activation, norm=norm))
    if squeezed:
        branch.append(_excitation(wide, squeezed, activation))
    return branch.append(convolution(wide, layer["filters"], 1, activation=None, norm=norm))


def mbconv(channels: int, stage: Genes, genes: Genes, *, stride: int, position: float) -> nn.Module:
    """A block of EfficientNet. Where its shape fits it has a shortcut, and training leaves it out
    for some of the pictures, at a rate that rises to `dropout` with its `position` in the network,
    up to 1 (Huang et al. 2016, section 3)."""
    norm, filters = genes["batch_norm"], stage["filters"]
    squeezed = max(1, round(genes["se_ratio"] * channels)) if genes["se_ratio"] else 0
    branch = inverted_residual(
        channels, stage, stride=stride, activation="silu", norm=norm, squeezed=squeezed
    )
    if stride > 1 or channels != filters:
        return branch
    start_as_identity(branch[-1])
    branch.append(StochasticDepth(position * genes["dropout"], "row"))
    return Shortcut(branch, channels, filters, norm=norm)


def _excitation(channels: int, squeezed: int, activation: str) -> SqueezeExcitation:
    block = SqueezeExcitation(channels, squeezed, activation=ACTIVATIONS[activation])
    initialise(block.fc1, activation)
    initialise(block.fc2, None)
    return block


def mobile_head(channels: int, task: Task, genes: Genes, activation: str) -> nn.Sequential:
    """1×1 convolution to 4 × channels (1280 from 320 in both papers), pooling, classifier."""
    wide = 4 * channels
    drop = dropout(genes["dropout"], activation)
    return nn.Sequential(
        convolution(channels, wide, 1, activation=activation, norm=genes["batch_norm"]),
        pooled_head(wide, task.classes, drop),
    )
