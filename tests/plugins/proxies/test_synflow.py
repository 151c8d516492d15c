"""SynFlow, where it can be written out."""

from __future__ import annotations

from math import log

import pytest
import torch
from snas_plugins.proxies.synflow import Synflow
from torch import Tensor, nn
from torch.nn import functional

from snas_cli.api import CandidateError

IMAGES, LABELS = torch.randn(4, 2, 3, 3), torch.arange(4)


def score(network: nn.Module) -> float:
    return Synflow().score(network.train(), IMAGES, LABELS)


def perceptron(*between: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    first, last = nn.Linear(18, 9, bias=False), nn.Linear(9, 3, bias=False)
    return nn.Sequential(nn.Flatten(), first, *between, last)


def expected() -> float:
    """Each of the two layers has the saliency of the whole flow (Tanaka et al. 2020, section 5)."""
    _, first, last = perceptron()
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    flow = (last.weight.abs() @ first.weight.abs() @ torch.ones(18)).sum()
    return log(2 * flow.item())


@pytest.mark.parametrize(
    "between",
    [
        [nn.ReLU()], [nn.GELU()], [nn.SELU(inplace=True)], [nn.Tanh()], [nn.Hardswish()],
        [nn.BatchNorm1d(9), nn.ReLU()], [nn.LayerNorm(9), nn.SiLU()], [nn.Dropout(0.9)],
        [nn.RMSNorm(9)], [nn.Unflatten(1, (9, 1)), nn.GroupNorm(3, 9), nn.Flatten()],
    ],
)  # fmt: skip
def test_it_is_the_flow_of_the_linear_network(between: list[nn.Module]) -> None:
    assert score(perceptron(*between)) == pytest.approx(expected())


class Attention(nn.Module):
    """Pixels are tokens."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.q, self.k, self.v = (nn.Linear(2, 4, bias=False) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)
        q, k, v = self.q(tokens), self.k(tokens), self.v(tokens)
        return functional.scaled_dot_product_attention(q, k, value=v).mean(1)


def test_attention_means_over_tokens() -> None:
    flow = Attention().v.weight.abs().sum().item()
    assert score(Attention()) == pytest.approx(log(flow))


def deep(layers: int) -> nn.Module:
    stack = [nn.Linear(18, 18) for _ in range(layers)]
    for layer in stack:
        nn.init.constant_(layer.weight, 100)
    return nn.Sequential(nn.Flatten(), *stack)


def test_it_reaches_far_and_says_where_it_ends() -> None:
    assert score(deep(60)) == pytest.approx(60 * log(1800) + log(18) + log(60), rel=1e-3)
    with pytest.raises(CandidateError, match="numbers overflow"):
        score(deep(120))
