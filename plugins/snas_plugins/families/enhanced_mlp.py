"""Multi-layer perceptrons with what came later: residual connections (He et al. 2016), GELU
(Hendrycks & Gimpel 2016) and layer norm (Ba et al. 2016)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from snas_cli.api import Choice, Family, Flag, Genes, Layers, Ordinal, Task, hookimpl

if TYPE_CHECKING:
    from torch import nn


class EnhancedMLP(Family):
    """Fully connected layers as in `mlp`, each of which may have a residual connection around it;
    layer norm is applied to what goes into each of them."""

    name = "enhanced_mlp"
    level = 2
    genes = {
        "layers": Layers(2, 50, {
            "units": Ordinal(64, 128, 256, 512, 1024, wider=range(1, 16385)),
            "activation": Choice("relu", "leaky_relu", "elu", "selu", "gelu", wider=("silu",)),
            "residual": Flag(),
        }, role="depth"),
        "layer_norm": Flag(),
    }  # fmt: skip

    textbook = {
        "layers": [{"units": 256, "activation": "gelu", "residual": True}] * 3,
        "layer_norm": False,
    }

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        from snas_plugins.families._perceptron import Residual, perceptron

        width = prod(task.input_shape)
        network = nn.Sequential(nn.Flatten())
        depth = len(genes["layers"])
        for layer in genes["layers"]:
            block = nn.Sequential(nn.LayerNorm(width)) if genes["layer_norm"] else nn.Sequential()
            block.extend(perceptron(width, layer, genes))
            units = layer["units"]
            network.append(
                Residual(block, width, units, depth=depth) if layer["residual"] else block
            )
            width = units
        return network.append(nn.Linear(width, task.classes))


@hookimpl
def snas_register_families() -> list[Family]:
    return [EnhancedMLP()]
