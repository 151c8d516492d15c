"""Residual networks (He et al. 2016): a stem, residual blocks, pooling, a linear classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Choice, Family, Flag, Genes, Layers, Ordinal, Task, hookimpl

if TYPE_CHECKING:
    from torch import nn


class ResNet(Family):
    """Basic or bottleneck blocks; the picture is halved by the strides of some of them."""

    name = "resnet"
    genes = {
        "blocks": Layers(2, 50, {
            "filters": Ordinal(16, 32, 64, 128, 256),
            "kernel": Ordinal(3, 5, 7),
            "activation": Choice("relu", "leaky_relu", "elu", "selu"),
        }),
        "bottleneck": Flag(),
    }  # fmt: skip

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        from snas_plugins.families._layers import convolution, halvings, pooled_head
        from snas_plugins.families._residual import residual_block

        blocks = genes["blocks"]
        channels = blocks[0]["filters"]
        stem = convolution(
            task.input_shape[0],
            channels,
            kernel=3,
            activation=blocks[0]["activation"],
            norm=genes["batch_norm"],
        )
        trunk = nn.Sequential()
        size = min(task.input_shape[1:])
        for block, halved in zip(blocks, halvings(len(blocks), size), strict=True):
            trunk.append(residual_block(channels, block, genes, stride=2**halved))
            channels = block["filters"]
        return nn.Sequential(stem, trunk, pooled_head(channels, task.classes, genes["dropout"]))


@hookimpl
def snas_register_families() -> list[Family]:
    return [ResNet()]
