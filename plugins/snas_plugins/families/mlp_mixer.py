"""MLP-Mixers (Tolstikhin et al. 2021): perceptrons across the patches of a picture, by turns with
perceptrons across the channels of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Family, Genes, Layers, Ordinal, Task, hookimpl

if TYPE_CHECKING:
    from torch import nn


class MLPMixer(Family):
    """Embedded patches, mixing blocks, the mean over the patches, a linear classifier. How wide a
    perceptron is inside is told as a multiple of the embedding."""

    name = "mlp_mixer"
    level = 3
    genes = {
        "patch": Ordinal(2, 4, 7, 8, 14, 16, role="patch", wider=range(1, 65)),
        "embedding": Ordinal(64, 128, 192, 256, 384, role="embedding", wider=range(8, 4097)),
        "layers": Layers(2, 50, {
            "token_mixing": Ordinal(0.25, 0.5, 1.0, 2.0, role="token_mixing", wider=(0.05, 8.0)),
            "channel_mixing": Ordinal(1, 2, 4, role="channel_mixing", wider=(0.25, 8.0)),
        }, role="depth"),
    }  # fmt: skip

    textbook = {
        "patch": 4,
        "embedding": 64,
        "layers": [{"token_mixing": 0.5, "channel_mixing": 2}] * 4,
    }

    def build(self, genes: Genes, task: Task) -> nn.Module:
        from torch import nn

        from snas_plugins.families._tokens import (
            MeanToken,
            Patches,
            classifier,
            layer_norm,
            mixer_block,
        )

        width, drop = genes["embedding"], genes["dropout"]
        patches = Patches(task.input_shape, genes["patch"], width, norm=genes["batch_norm"])
        mixer = nn.Sequential()
        for layer in genes["layers"]:
            across_tokens = max(round(layer["token_mixing"] * width), 1)
            across_channels = max(round(layer["channel_mixing"] * width), 1)
            hidden = (across_tokens, across_channels)
            mixer.append(mixer_block(patches.tokens, width, hidden, drop))
        return nn.Sequential(
            patches, mixer, layer_norm(width), MeanToken(), classifier(width, task.classes)
        )


@hookimpl
def snas_register_families() -> list[Family]:
    return [MLPMixer()]
