"""The dense layers and transitions of Huang et al. 2017 (DenseNet-BC, section 3)."""

from __future__ import annotations

import torch
from torch import nn

from snas_cli.api import Genes
from snas_plugins.families._layers import initialise


class DenseLayer(nn.Module):
    """x and `growth` new features of it: N×channels×H×W to N×(channels + growth)×H×W."""

    def __init__(self, channels: int, genes: Genes) -> None:
        super().__init__()
        growth, norm = genes["growth"], genes["batch_norm"]
        narrow = genes["bottleneck"] * growth
        self.features = nn.Sequential(
            preactivated(channels, narrow, 1, norm=norm),
            preactivated(narrow, growth, 3, norm=norm),
            nn.Dropout(genes["dropout"]),  # section 4.2
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat((x, self.features(x)), dim=1)


def dense_block(channels: int, layers: int, genes: Genes) -> tuple[nn.Sequential, int]:
    """The layers of one block, and how many channels come out of it."""
    growth = genes["growth"]
    stack = nn.Sequential(*(DenseLayer(channels + i * growth, genes) for i in range(layers)))
    return stack, channels + layers * growth


def transition(channels: int, filters: int, pool: int, *, norm: bool) -> nn.Sequential:
    """N×channels×H×W to N×filters×⌊H/pool⌋×⌊W/pool⌋."""
    block = preactivated(channels, filters, 1, norm=norm)
    return block.append(nn.AvgPool2d(pool)) if pool > 1 else block


def preactivated(channels: int, filters: int, kernel: int, *, norm: bool) -> nn.Sequential:
    """Norm, ReLU, and a convolution that keeps the size."""
    convolution = nn.Conv2d(channels, filters, kernel, padding=kernel // 2, bias=not norm)
    initialise(convolution, "relu")
    return rectified(channels, norm=norm).append(convolution)


def rectified(channels: int, *, norm: bool) -> nn.Sequential:
    """Norm, where there is one, and ReLU."""
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU()) if norm else nn.Sequential(nn.ReLU())
