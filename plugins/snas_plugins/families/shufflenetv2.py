"""ShuffleNetV2 (Ma et al. 2018): convolve half of the channels, shuffle them, and start over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Family, Genes, Layers, Ordinal, Task, hookimpl

if TYPE_CHECKING:
    from torch import nn


class ShuffleNetV2(Family):
    """Stages of units; the first unit of each may halve the picture (table 5)."""

    name = "shufflenetv2"
    level = 3
    genes = {
        "layers": Layers(2, 5, {
            "channels": Ordinal(32, 64, 116, 232, 464, wider=range(8, 4097, 2)),
            "blocks": Ordinal(1, 2, 3, 4, 6, 8, 10, wider=range(1, 65)),
        }, role="depth"),
        "width": Ordinal(0.5, 0.75, 1.0, 1.5, wider=(0.25, 4.0)),
        "head": Ordinal(128, 256, 512, 1024, wider=range(16, 8193)),
    }  # fmt: skip

    textbook = {
        "layers": [{"channels": channels, "blocks": 2} for channels in (32, 64, 116)],
        "width": 1.0,
        "head": 256,
    }

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        from snas_plugins.families._layers import convolution, pooled_head, strides
        from snas_plugins.families._shuffle import shuffle_stem, stage

        layers, norm = genes["layers"], genes["batch_norm"]
        channels = round(24 * genes["width"])
        first, size = shuffle_stem(
            task.input_shape[0], channels, min(task.input_shape[1:]), norm=norm
        )
        trunk = nn.Sequential()
        # Even numbers, for units split their channels in halves.
        widths = [2 * round(layer["channels"] * genes["width"] / 2) for layer in layers]
        for layer, width, stride in zip(layers, widths, strides(widths, size), strict=True):
            trunk.append(stage(channels, width, layer["blocks"], stride=stride, norm=norm))
            channels = width
        last = convolution(channels, genes["head"], 1, activation="relu", norm=norm)
        head = pooled_head(genes["head"], task.classes, nn.Dropout(genes["dropout"]))
        return nn.Sequential(first, trunk, last, head)


@hookimpl
def snas_register_families() -> list[Family]:
    return [ShuffleNetV2()]
