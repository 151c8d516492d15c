"""The units of Ma et al. 2018, figure 3 c and d."""

from __future__ import annotations

from math import ceil

import torch
from torch import nn

from snas_plugins.families._layers import LARGE, convolution, depthwise


def shuffle_stem(
    channels: int, filters: int, size: int, *, norm: bool
) -> tuple[nn.Sequential, int]:
    """The first convolution, and how many pixels are left of `size`: a quarter of large pictures
    (table 5), all of small ones."""
    if size < LARGE:
        return convolution(channels, filters, 3, activation="relu", norm=norm), size
    block = convolution(channels, filters, 3, stride=2, activation="relu", norm=norm)
    return block.append(nn.MaxPool2d(3, 2, padding=1)), ceil(size / 4)


def stage(channels: int, filters: int, units: int, *, stride: int, norm: bool) -> nn.Sequential:
    """N×channels×H×W to N×filters×⌈H/stride⌉×⌈W/stride⌉, by one unit; more that keep the shape."""
    block = nn.Sequential(ReducingUnit(channels, filters, stride=stride, norm=norm))
    for _ in range(units - 1):
        block.append(Unit(filters, norm=norm))
    return block


class Unit(nn.Module):
    """Half of the channels pass through, the others are convolved (figure 3c). Their number is
    even, and stays."""

    def __init__(self, channels: int, *, norm: bool) -> None:
        super().__init__()
        self.branch = _branch(channels // 2, channels // 2, stride=1, norm=norm)
        self.shuffle = nn.ChannelShuffle(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept, changed = x.chunk(2, dim=1)
        mixed: torch.Tensor = self.shuffle(torch.cat((kept, self.branch(changed)), dim=1))
        return mixed


class ReducingUnit(nn.Module):
    """Both branches see all channels and give half of the filters, which are even (figure 3d).
    N×channels×H×W to N×filters×⌈H/stride⌉×⌈W/stride⌉."""

    def __init__(self, channels: int, filters: int, *, stride: int, norm: bool) -> None:
        super().__init__()
        self.short = nn.Sequential(
            depthwise(channels, 3, stride=stride, activation=None, norm=norm),
            convolution(channels, filters // 2, 1, activation="relu", norm=norm),
        )
        self.branch = _branch(channels, filters // 2, stride=stride, norm=norm)
        self.shuffle = nn.ChannelShuffle(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mixed: torch.Tensor = self.shuffle(torch.cat((self.short(x), self.branch(x)), dim=1))
        return mixed


def _branch(channels: int, filters: int, *, stride: int, norm: bool) -> nn.Sequential:
    return nn.Sequential(
        convolution(channels, filters, 1, activation="relu", norm=norm),
        depthwise(filters, 3, stride=stride, activation=None, norm=norm),
        convolution(filters, filters, 1, activation="relu", norm=norm),
    )
