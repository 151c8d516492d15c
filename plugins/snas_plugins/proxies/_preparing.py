"""What networks need before a proxy looks at them, and what their scores need afterwards."""

from __future__ import annotations

from math import isfinite

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from snas_cli.api import CandidateError


def prepare(network: nn.Module) -> None:
    """Turns all dropout off, which the papers' networks have not, and fills zeroed weights.

    Norms with running statistics go by the batch, for they have seen none before. A layer or norm
    that starts at 0, so that a residual branch begins as nothing (Goyal et al. 2017, section 5.1),
    would hide the whole branch: it is given the usual weights, which the papers' networks have.
    """
    network.eval()
    for module in network.modules():
        if isinstance(module, _NormBase):
            module.train()
        weight = getattr(module, "weight", None)
        if isinstance(weight, nn.Parameter) and not weight.any():
            _fill(weight)


def _fill(weight: nn.Parameter) -> None:
    if weight.ndim == 1:  # a norm's
        nn.init.ones_(weight)
    else:
        nn.init.kaiming_normal_(weight, nonlinearity="linear")


def weights(network: nn.Module) -> list[nn.Parameter]:
    """Those of layers, without biases and norms, as in the code of Abdelfattah et al. 2021."""
    return [parameter for parameter in network.parameters() if parameter.ndim > 1]


def finite(score: float) -> float:
    """Raises CandidateError for what is no number."""
    if not isfinite(score):
        raise CandidateError(
            f"the score is {score}: numbers overflow within the network, or nothing of the "
            "pictures reaches its end"
        )
    return score
