"""EfficientNet (Tan & Le 2019, table 1): stages of inverted residual blocks with squeeze-and-
excitation (Hu et al. 2018), scaled in width and depth; stochastic depth (Huang et al. 2016)."""

from __future__ import annotations

from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING

from snas_cli.api import Family, Genes, Layers, Ordinal, Task, hookimpl

if TYPE_CHECKING:
    from torch import nn


class EfficientNet(Family):
    """A layer is a stage here: the same block several times over."""

    name = "efficientnet"
    level = 3
    genes = {
        "layers": Layers(2, 7, {
            "filters": Ordinal(16, 24, 40, 80, 112, 192, 320, wider=range(8, 4097)),
            "kernel": Ordinal(3, 5, 7, wider=range(1, 16, 2)),
            "expansion": Ordinal(1, 4, 6, wider=range(1, 13)),
            "blocks": Ordinal(1, 2, 3, 4, 5, 6, 7, wider=range(1, 33)),
        }, role="depth"),
        "width": Ordinal(0.5, 0.75, 1.0, 1.25, 1.5, wider=(0.25, 4.0)),
        "depth": Ordinal(0.8, 1.0, 1.2, 1.4, wider=(0.25, 4.0)),
        "se_ratio": Ordinal(0.0, 0.125, 0.25, wider=(0.0, 1.0)),
    }  # fmt: skip

    textbook = {
        "layers": [
            {"filters": f, "kernel": 3, "expansion": e, "blocks": b}
            for f, e, b in ((16, 1, 1), (24, 4, 1), (40, 4, 2), (80, 4, 2))
        ],
        "width": 1.0,
        "depth": 1.0,
        "se_ratio": 0.25,
    }

    def phenotype(self, genes: Genes) -> Genes:
        """Depth 1, each stage with as many blocks as it gets (section 3.3), and neighbours that
        are alike as the one stage that they amount to."""
        stages = [
            alike.replace(blocks=sum(_repeats(stage["blocks"], genes["depth"]) for stage in same))
            for alike, same in groupby(genes["layers"], lambda stage: stage.replace(blocks=1))
        ]
        return genes.replace(layers=tuple(stages), depth=1.0)

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        from snas_plugins.families._layers import strides
        from snas_plugins.families._mobile import mbconv, mobile_head, mobile_stem, scaled

        genes = self.phenotype(genes)
        stages = scaled(genes)
        stem, channels, size = mobile_stem(task, genes, "silu")
        trunk = nn.Sequential()
        total = sum(stage["blocks"] for stage in stages)
        steps = strides([stage["filters"] for stage in stages], size)
        for stage, first in zip(stages, steps, strict=True):
            for stride in (first, *[1] * (stage["blocks"] - 1)):
                position = (len(trunk) + 1) / total
                trunk.append(mbconv(channels, stage, genes, stride=stride, position=position))
                channels = stage["filters"]
        return nn.Sequential(stem, trunk, mobile_head(channels, task, genes, "silu"))


def _repeats(blocks: int, depth: float) -> int:
    return ceil(round(depth * blocks, 6))  # for 1.1 * 10 is a little more than 11


@hookimpl
def snas_register_families() -> list[Family]:
    return [EfficientNet()]
