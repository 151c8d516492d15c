"""The gradient's size before the first step of training (Abdelfattah et al. 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Proxy, hookimpl

if TYPE_CHECKING:
    from torch import Tensor, nn


class GradNorm(Proxy):
    """The Euclidean norms of the cross-entropy's gradient for the weights of each layer, summed,
    "Zero-Cost Proxies for Lightweight NAS", section 3.1. It means the same for every network that
    can be trained; where nothing normalises a deep one, its explosion counts as merit."""

    name = "grad_norm"
    summary = "the size of the gradient in the untrained network"

    def score(self, network: nn.Module, images: Tensor, labels: Tensor) -> float:
        import torch
        from torch.nn import functional

        from snas_plugins.proxies._preparing import finite, prepare, weights

        prepare(network)
        parameters = weights(network)
        loss = functional.cross_entropy(network(images), labels)
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
        norms = torch.stack([gradient.double().norm() for gradient in gradients])
        return finite(norms.sum().item())


@hookimpl
def snas_register_proxies() -> list[Proxy]:
    return [GradNorm()]
