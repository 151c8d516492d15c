"""SynFlow: how much the weights together carry from end to end (Tanaka et al. 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Proxy, hookimpl

if TYPE_CHECKING:
    from torch import Tensor, nn


class Synflow(Proxy):
    """The synaptic saliency of all weights of layers, "Pruning neural networks without any data by
    iteratively conserving synaptic flow", eq. 3, summed (Abdelfattah et al. 2021, section 3.2), as
    a logarithm: magnitudes of weights, a picture of ones, batch norm left out; no data.

    The paper's network is linear up to ReLU, which changes nothing here, for all numbers are
    positive. So that others are judged by the same measure, all activations and norms pass on what
    they are given, and attention means over its tokens: queries and keys then carry nothing. Gates
    (sigmoid) work as ever, and are open or nearly so. Float64 reaches to 1e308; where a network is
    too deep for that, it has no score.
    """

    name = "synflow"
    summary = "how much the weights together carry from the input to the output"

    def score(self, network: nn.Module, images: Tensor, labels: Tensor) -> float:
        import torch

        from snas_plugins.proxies._linear import flow, take_magnitudes
        from snas_plugins.proxies._preparing import finite, prepare, weights

        prepare(network)
        take_magnitudes(network.double())
        ones = torch.ones_like(images[:1], dtype=torch.float64)
        parameters = weights(network)
        gradients = torch.autograd.grad(
            flow(network, ones), parameters, allow_unused=True, materialize_grads=True
        )
        pairs = zip(parameters, gradients, strict=True)
        saliency = torch.stack([(weight * gradient).sum() for weight, gradient in pairs])
        return finite(saliency.sum().log().item())


@hookimpl
def snas_register_proxies() -> list[Proxy]:
    return [Synflow()]
