"""Multi-layer perceptrons (Rumelhart, Hinton & Williams 1986): the picture as one long vector."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from snas_cli.api import Choice, Family, Genes, Layers, Ordinal, Task, hookimpl

if TYPE_CHECKING:
    from torch import nn


class MLP(Family):
    """Fully connected layers, each with batch norm, activation and dropout."""

    name = "mlp"
    genes = {
        "layers": Layers(2, 50, {
            "units": Ordinal(64, 128, 256, 512, 1024),
            "activation": Choice("relu", "leaky_relu", "elu", "selu"),
        }),
    }  # fmt: skip

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        from snas_plugins.families._layers import ACTIVATIONS, dropout, initialise

        width = prod(task.input_shape)
        network = nn.Sequential(nn.Flatten())
        for layer in genes["layers"]:
            linear = nn.Linear(width, layer["units"], bias=not genes["batch_norm"])
            initialise(linear, layer["activation"])
            network.append(linear)
            if genes["batch_norm"]:
                network.append(nn.BatchNorm1d(layer["units"]))
            network.append(ACTIVATIONS[layer["activation"]]())
            network.append(dropout(genes["dropout"], layer["activation"]))
            width = layer["units"]
        return network.append(nn.Linear(width, task.classes))


@hookimpl
def snas_register_families() -> list[Family]:
    return [MLP()]
