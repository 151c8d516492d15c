"""Perceptrons with one hidden layer (Rosenblatt 1962)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from snas_cli.api import Choice, Family, Genes, Ordinal, Task, hookimpl

if TYPE_CHECKING:
    from torch import nn


class Perceptron(Family):
    """Batch norm and dropout are genes that snas gives to every family."""

    name = "perceptron"
    genes = {"hidden": Ordinal(8, 16, 32), "activation": Choice("relu", "tanh")}

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        hidden = genes["hidden"]
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(prod(task.input_shape), hidden),
            nn.BatchNorm1d(hidden) if genes["batch_norm"] else nn.Identity(),
            nn.ReLU() if genes["activation"] == "relu" else nn.Tanh(),
            nn.Dropout(genes["dropout"]),
            nn.Linear(hidden, task.classes),
        )


@hookimpl
def snas_register_families() -> list[Family]:
    return [Perceptron()]
