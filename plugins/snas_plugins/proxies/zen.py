"""Zen: how strongly a network with random weights answers to a small change (Lin et al. 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Proxy, hookimpl

if TYPE_CHECKING:
    from torch import Tensor, nn

SMALL = 0.01  # α in the authors' code
PAIRS = 16  # of pictures; with 64 the score scatters as much, by the chance of the weights


class Zen(Proxy):
    """The log of the expected Gaussian complexity, "Zen-NAS: A Zero-Shot NAS for High-Performance
    Image Recognition", algorithm 1: weights and pictures are standard normal, and pictures are
    moved by SMALL times other ones; labels and the data play no part.

    What is otherwise than in the paper, so that all networks have a score that can be compared:
    - Every layer's output is scaled as batch norm would, and the logarithms of the scales are
      added. For conv, batch norm, ReLU that is the paper's score. Layer and group norms count as
      batch norms do. With activations that do not scale (all but ReLU and leaky ReLU) the sum is no
      exact compensation any more; but the layers work where their activations bend.
    - The logits are compared, not the features before the last pooling, which a module does not
      name: a random linear layer keeps distances, up to a factor that all networks share.
    - Residual connections stay, for a module does not tell of them; a scale within a branch counts
      in full. Attention stays as it is, with random weights.
    - Both pictures of a pair are in one batch, so that batch norm is the same for them.
    """

    name = "zen"
    summary = "expressivity: how strongly random weights answer to a small change of the picture"

    def score(self, network: nn.Module, images: Tensor, labels: Tensor) -> float:
        import torch

        from snas_plugins.proxies._preparing import finite, prepare
        from snas_plugins.proxies._scaling import (
            Scaling,
            draw_weights,
            leave_gates_out,
            mean_distance,
        )

        prepare(network)
        leave_gates_out(network)
        draw_weights(network)
        scaling = Scaling(network)
        pictures = torch.randn_like(images[:PAIRS])
        moved = pictures + SMALL * torch.randn_like(pictures)
        with torch.no_grad():
            logits, answers = network(torch.cat((pictures, moved))).chunk(2)
        return finite(float(mean_distance(logits, answers).log() + scaling.log_scale))


@hookimpl
def snas_register_proxies() -> list[Proxy]:
    return [Zen()]
