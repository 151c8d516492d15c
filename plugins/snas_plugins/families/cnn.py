"""Plain convolutional networks (LeCun et al. 1998; all-3×3 stacks: Simonyan & Zisserman 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Choice, Family, Flag, Genes, Layers, Ordinal, Task, hookimpl

if TYPE_CHECKING:
    from torch import nn


class CNN(Family):
    """Convolutions with max pooling in between, as early as can be or after as many layers of each
    size, then global average pooling and a linear classifier."""

    name = "cnn"
    level = 1
    genes = {
        "layers": Layers(2, 50, {
            "filters": Ordinal(16, 24, 32, 48, 64, 96, 128, 192, 256, wider=range(4, 4097)),
            "kernel": Ordinal(3, 5, 7, wider=range(1, 16, 2)),
            "activation": Choice("relu", "leaky_relu", "elu", "selu", wider=("gelu", "silu")),
            "skip": Flag(),
        }, role="depth"),
        "pooling": Choice("early", "late"),
    }  # fmt: skip

    textbook = {
        "layers": [
            {"filters": filters, "kernel": 3, "activation": "relu", "skip": False}
            for filters in (16, 16, 32, 32, 64, 64)
        ],
        "pooling": "late",
    }

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        from snas_plugins.families._layers import (
            Shortcut,
            convolution,
            dropout,
            halvings,
            late_halvings,
            pooled_head,
        )

        channels, height, width = task.input_shape
        layers, norm = genes["layers"], genes["batch_norm"]
        trunk = nn.Sequential()
        pooled = late_halvings if genes["pooling"] == "late" else halvings
        pools = pooled(len(layers), min(height, width))
        for layer, halved in zip(layers, pools, strict=True):
            filters = layer["filters"]
            block: nn.Module = convolution(
                channels,
                filters,
                layer["kernel"],
                activation=layer["activation"],
                norm=norm,
            )
            trunk.append(Shortcut(block, channels, filters, norm=norm) if layer["skip"] else block)
            if halved:
                trunk.append(nn.MaxPool2d(2**halved))
            channels = filters
        drop = dropout(genes["dropout"], layers[-1]["activation"])
        return nn.Sequential(trunk, pooled_head(channels, task.classes, drop))


@hookimpl
def snas_register_families() -> list[Family]:
    return [CNN()]
