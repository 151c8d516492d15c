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
    level = 1
    genes = {
        "layers": Layers(2, 50, {
            "units": Ordinal(64, 128, 256, 512, 1024, wider=range(1, 16385)),
            "activation": Choice("relu", "leaky_relu", "elu", "selu", wider=("gelu", "silu")),
        }, role="depth"),
    }  # fmt: skip

    textbook = {"layers": [{"units": units, "activation": "relu"} for units in (256, 128)]}

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        from snas_plugins.families._perceptron import perceptron

        width = prod(task.input_shape)
        network = nn.Sequential(nn.Flatten())
        for layer in genes["layers"]:
            network.extend(perceptron(width, layer, genes))
            width = layer["units"]
        return network.append(nn.Linear(width, task.classes))


@hookimpl
def snas_register_families() -> list[Family]:
    return [MLP()]
