"""Vision Transformers (Dosovitskiy et al. 2021): self-attention among the patches of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Family, Genes, Layers, Ordinal, Task, hookimpl

if TYPE_CHECKING:
    from torch import nn


class ViT(Family):
    """Embedded patches and a class token, encoder blocks, a linear classifier on the token."""

    name = "vit"
    level = 3
    genes = {
        "patch": Ordinal(2, 4, 7, 8, 14, 16, role="patch", wider=range(1, 65)),
        "embedding": Ordinal(64, 128, 192, 256, 384, role="embedding", wider=range(8, 4097)),
        "layers": Layers(2, 50, {
            "heads": Ordinal(1, 2, 4, 8, role="heads", wider=range(1, 65)),
            "mlp_ratio": Ordinal(1, 2, 4, wider=range(1, 9)),
        }, role="depth"),
        # Starts lower than that of other families: 0.01 is too much for attention.
        "learning_rate": Ordinal(0.0001, 0.001, 0.01, 0.1, start=0.001, wider=(1e-6, 10.0)),
    }  # fmt: skip

    textbook = {"patch": 4, "embedding": 64, "layers": [{"heads": 4, "mlp_ratio": 2}] * 3}

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        from snas_plugins.families._tokens import (
            ClassToken,
            FirstToken,
            Patches,
            classifier,
            encoder_block,
            layer_norm,
        )

        width, drop = genes["embedding"], genes["dropout"]
        patches = Patches(task.input_shape, genes["patch"], width, norm=genes["batch_norm"])
        encoder = [
            encoder_block(width, layer["heads"], layer["mlp_ratio"] * width, drop)
            for layer in genes["layers"]
        ]
        return nn.Sequential(
            patches,
            ClassToken(patches.tokens, width),
            nn.Dropout(drop),
            nn.Sequential(*encoder),
            layer_norm(width),
            FirstToken(),
            classifier(width, task.classes),
        )


@hookimpl
def snas_register_families() -> list[Family]:
    return [ViT()]
