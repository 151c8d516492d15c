"""What networks need before a proxy looks at them."""

from __future__ import annotations

from math import inf, nan

import pytest
import torch
from snas_plugins.proxies._preparing import finite, prepare
from torch import nn
from torchvision.ops import StochasticDepth

from snas_cli.api import CandidateError


def test_layers_and_norms_that_start_at_nothing_are_filled() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 5, bias=False))
    for module in network:
        nn.init.zeros_(module.get_parameter("weight"))
    prepare(network)
    assert network[0].weight.std() > 0
    assert torch.equal(network[1].weight, torch.ones(4))
    assert network[2].weight.std() > 0


def test_other_weights_stay() -> None:
    network = nn.Linear(4, 5)
    before = network.weight.clone()
    prepare(network)
    assert torch.equal(network.weight, before)


def test_dropout_of_any_kind_is_off_and_batch_norm_goes_by_the_batch() -> None:
    drops = nn.Sequential(nn.Dropout(0.5), nn.AlphaDropout(0.5), StochasticDepth(0.5, "row"))
    network = nn.Sequential(drops, nn.BatchNorm1d(6)).train()
    prepare(network)
    x = torch.randn(32, 6)
    assert torch.equal(network[0](x), x)
    assert torch.allclose(network(5 * x + 3).std(0, correction=0), torch.ones(6), atol=1e-3)


@pytest.mark.parametrize("score", [nan, inf, -inf])
def test_what_is_no_number_is_refused(score: float) -> None:
    with pytest.raises(CandidateError, match="the score is"):
        finite(score)
