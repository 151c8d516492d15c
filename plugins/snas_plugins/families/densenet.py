"""Densely connected networks (Huang et al. 2017): each layer sees the features of all before it in
its block. This is DenseNet-BC, with bottlenecks and compression (table 1, sections 3 and 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Family, Genes, Layers, Ordinal, Task, hookimpl

if TYPE_CHECKING:
    from torch import nn


class DenseNet(Family):
    """Dense blocks; the transitions between them drop channels and pool the picture."""

    name = "densenet"
    level = 3
    genes = {
        "layers": Layers(2, 5, {
            "dense_layers": Ordinal(1, 2, 3, 4, 6, 8, 12, 16, 24, wider=range(1, 129)),
        }, role="depth"),
        "growth": Ordinal(12, 24, 32, 48, wider=range(4, 257)),
        "compression": Ordinal(0.5, 0.7, 0.8, wider=(0.1, 1.0)),
        "bottleneck": Ordinal(2, 4, wider=range(1, 9)),
    }  # fmt: skip

    textbook = {
        "layers": [{"dense_layers": 2}] * 3,
        "growth": 12,
        "compression": 0.5,
        "bottleneck": 2,
    }

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        from snas_plugins.families._dense import dense_block, rectified, transition
        from snas_plugins.families._layers import halvings, pooled_head, stem

        blocks, norm = genes["layers"], genes["batch_norm"]
        channels = 2 * genes["growth"]
        first, size = stem(
            task.input_shape[0],
            channels,
            min(task.input_shape[1:]),
            activation="relu",
            norm=norm,
        )
        trunk = nn.Sequential()
        for i, halved in enumerate([0, *halvings(len(blocks) - 1, size)]):
            if i > 0:
                filters = max(int(channels * genes["compression"]), 1)
                trunk.append(transition(channels, filters, 2**halved, norm=norm))
                channels = filters
            block, channels = dense_block(channels, blocks[i]["dense_layers"], genes)
            trunk.append(block)
        trunk.append(rectified(channels, norm=norm))
        # No dropout here: the paper's stands after the convolutions.
        return nn.Sequential(first, trunk, pooled_head(channels, task.classes, nn.Identity()))


@hookimpl
def snas_register_families() -> list[Family]:
    return [DenseNet()]
