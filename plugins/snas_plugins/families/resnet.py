"""Residual networks (He et al. 2016): a stem, residual blocks, pooling, a linear classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Choice, Family, Flag, Genes, Layers, Ordinal, Task, hookimpl

if TYPE_CHECKING:
    from torch import nn


class ResNet(Family):
    """Basic or bottleneck blocks; the picture is halved by the strides of some of them."""

    name = "resnet"
    level = 2
    genes = {
        "layers": Layers(2, 50, {
            "filters": Ordinal(16, 24, 32, 48, 64, 96, 128, 192, 256, wider=range(4, 4097)),
            "kernel": Ordinal(3, 5, 7, wider=range(1, 16, 2)),
            "activation": Choice("relu", "leaky_relu", "elu", "selu", wider=("gelu", "silu")),
        }, role="depth"),
        "bottleneck": Flag(),
    }  # fmt: skip

    textbook = {
        "layers": [
            {"filters": filters, "kernel": 3, "activation": "relu"} for filters in (16, 32, 64)
        ],
        "bottleneck": False,
    }

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        from snas_plugins.families._layers import dropout, pooled_head, stem, strides
        from snas_plugins.families._residual import residual_block

        blocks, norm = genes["layers"], genes["batch_norm"]
        channels, activation = blocks[0]["filters"], blocks[0]["activation"]
        if genes["bottleneck"]:
            channels //= 4  # as within the first block: table 1
        first, size = stem(
            task.input_shape[0],
            channels,
            min(task.input_shape[1:]),
            activation=activation,
            norm=norm,
        )
        trunk = nn.Sequential()
        steps = strides([block["filters"] for block in blocks], size)
        for block, stride in zip(blocks, steps, strict=True):
            trunk.append(residual_block(channels, block, genes, stride=stride))
            channels, activation = block["filters"], block["activation"]
        drop = dropout(genes["dropout"], activation)
        return nn.Sequential(first, trunk, pooled_head(channels, task.classes, drop))


@hookimpl
def snas_register_families() -> list[Family]:
    return [ResNet()]
