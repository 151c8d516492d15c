"""The residual blocks of He et al. 2016, figure 5."""

from __future__ import annotations

from torch import nn

from snas_cli.api import Genes
from snas_plugins.families._layers import ACTIVATIONS, Shortcut, convolution, start_as_identity


def residual_block(channels: int, block: Genes, genes: Genes, *, stride: int) -> nn.Module:
    """N×channels×H×W to N×filters×⌈H/stride⌉×⌈W/stride⌉."""
    convolutions = _bottleneck if genes["bottleneck"] else _basic
    branch = convolutions(channels, block, genes["batch_norm"], stride)
    start_as_identity(branch[-1])
    return nn.Sequential(
        Shortcut(branch, channels, block["filters"], stride=stride, norm=genes["batch_norm"]),
        ACTIVATIONS[block["activation"]](),
    )


def _basic(channels: int, block: Genes, norm: bool, stride: int) -> nn.Sequential:
    filters, kernel, activation = block["filters"], block["kernel"], block["activation"]
    return nn.Sequential(
        convolution(channels, filters, kernel, stride=stride, activation=activation, norm=norm),
        convolution(filters, filters, kernel, activation=None, norm=norm),
    )


def _bottleneck(channels: int, block: Genes, norm: bool, stride: int) -> nn.Sequential:
    filters, kernel, activation = block["filters"], block["kernel"], block["activation"]
    narrow = filters // 4
    return nn.Sequential(
        convolution(channels, narrow, 1, activation=activation, norm=norm),
        convolution(narrow, narrow, kernel, stride=stride, activation=activation, norm=norm),
        convolution(narrow, filters, 1, activation=None, norm=norm),
    )
