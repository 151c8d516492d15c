"""MobileNetV2 (Sandler et al. 2018, table 2): inverted residual blocks with linear bottlenecks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Choice, Family, Flag, Genes, Layers, Ordinal, Task, hookimpl

if TYPE_CHECKING:
    from torch import nn


class MobileNet(Family):
    """Depthwise convolutions between 1×1 convolutions; `width` multiplies the channels."""

    name = "mobilenet"
    level = 2
    genes = {
        "layers": Layers(2, 50, {
            "filters": Ordinal(16, 24, 32, 64, 96, 160, 256, wider=range(4, 4097)),
            "kernel": Ordinal(3, 5, 7, wider=range(1, 16, 2)),
            "activation": Choice("relu", "leaky_relu", "elu", "selu", wider=("gelu", "silu")),
            "expansion": Ordinal(1, 3, 6, wider=range(1, 13)),
            "skip": Flag(),
        }, role="depth"),
        "width": Ordinal(0.5, 0.75, 1.0, 1.25, wider=(0.25, 4.0)),
    }  # fmt: skip

    textbook = {
        "layers": [
            {"filters": f, "kernel": 3, "activation": "relu", "expansion": e, "skip": True}
            for f, e in ((16, 1), (24, 3), (32, 3), (64, 3), (96, 3))
        ],
        "width": 1.0,
    }

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        from snas_plugins.families._layers import Shortcut, start_as_identity, strides
        from snas_plugins.families._mobile import (
            inverted_residual,
            mobile_head,
            mobile_stem,
            scaled,
        )

        layers, norm = scaled(genes), genes["batch_norm"]
        stem, channels, size = mobile_stem(task, genes, layers[0]["activation"])
        trunk = nn.Sequential()
        steps = strides([layer["filters"] for layer in layers], size)
        for layer, stride in zip(layers, steps, strict=True):
            filters, activation = layer["filters"], layer["activation"]
            branch = inverted_residual(
                channels, layer, stride=stride, activation=activation, norm=norm
            )
            if layer["skip"]:
                start_as_identity(branch[-1])
                trunk.append(Shortcut(branch, channels, filters, stride=stride, norm=norm))
            else:
                trunk.append(branch)
            channels = filters
        return nn.Sequential(stem, trunk, mobile_head(channels, task, genes, activation))


@hookimpl
def snas_register_families() -> list[Family]:
    return [MobileNet()]
