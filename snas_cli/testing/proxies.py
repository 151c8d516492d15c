"""What a zero-cost proxy must keep to."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from snas_cli.api import (
    CandidateError,
    Proxy,
)
from snas_cli.testing.networks import small_network

if TYPE_CHECKING:
    from torch import nn


def check_proxy(proxy: Proxy) -> None:
    """Networks of several kinds and a deep one have a score, the same whenever torch's generator
    starts from the same seed; a proxy may refuse a kind by CandidateError, but not all of them. The
    batch stays as it was."""
    assert proxy.summary, f"{proxy.name} needs a summary"
    refused = []
    for kind in _untrained():
        try:
            _check_score(proxy, kind)
        except CandidateError as error:
            refused.append(f"{kind}: {error}")
    assert len(refused) < 4, f"{proxy.name} has no score for any network: {'; '.join(refused)}"


def _check_score(proxy: Proxy, kind: str) -> None:
    import torch

    images, labels = torch.randn(8, 3, 12, 10), torch.arange(8) % 3
    scores = []
    for _ in range(2):
        torch.manual_seed(0)
        given = images.clone(), labels.clone()
        scores.append(proxy.score(_untrained()[kind].train(), *given))
        same = torch.equal(given[0], images) and torch.equal(given[1], labels)
        assert same, f"{proxy.name} changes the batch, which other proxies are given too"
    score, again = scores
    assert type(score) is float, f"{proxy.name} returns {score!r}, not a float"
    assert isfinite(score), f"{proxy.name}: {score} for a network that is {kind}"
    assert score == again, f"{proxy.name} draws chance from elsewhere than torch's generator"


def _untrained() -> dict[str, nn.Module]:
    """Networks of 3×12×10 pictures and 3 classes."""
    from torch import nn

    def dense(*layers: nn.Module) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(360, 32), *layers, nn.Linear(32, 3))

    repeated = [[nn.Linear(32, 32), nn.BatchNorm1d(32), nn.ReLU()] for _ in range(60)]
    return {
        "convolutional": small_network(),
        "a perceptron": dense(nn.ReLU(), nn.Dropout(0.2)),
        "without rectifiers": dense(nn.GELU(), nn.LayerNorm(32)),
        "deep": dense(*(layer for block in repeated for layer in block)),
    }
