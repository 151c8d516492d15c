"""Fully connected layers, plain and residual."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from snas_cli.api import Genes
from snas_plugins.families._layers import ACTIVATIONS, dropout, initialise


def perceptron(width: int, layer: Genes, genes: Genes) -> nn.Sequential:
    """Linear layer, batch norm if any, activation, dropout: N×width to N×units."""
    units, activation = layer["units"], layer["activation"]
    linear = nn.Linear(width, units, bias=not genes["batch_norm"])
    initialise(linear, activation)
    block = nn.Sequential(linear)
    if genes["batch_norm"]:
        block.append(nn.BatchNorm1d(units))
    block.append(ACTIVATIONS[activation]())
    return block.append(dropout(genes["dropout"], activation))


class Residual(nn.Module):
    """branch(x) + x, where x is projected if its width does not fit (He et al. 2016, eq. 2).

    Of `depth` layers each adds a share at first, or the sum would grow beyond use where nothing
    normalises it (Hanin & Rolnick 2018). It cannot be nothing: at 0 a rectifier passes no gradient.
    """

    def __init__(self, branch: nn.Sequential, width: int, units: int, *, depth: int) -> None:
        super().__init__()
        self.branch = branch
        with torch.no_grad():  # batch norm's weight, if there is one, else the linear layer's
            branch[-3].get_parameter("weight").div_(depth)
        self.project: nn.Module = nn.Identity()
        if width != units:
            self.project = nn.Linear(width, units, bias=False)
            initialise(self.project, None)

    def forward(self, x: Tensor) -> Tensor:
        total: Tensor = self.branch(x) + self.project(x)
        return total
