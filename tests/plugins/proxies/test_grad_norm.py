"""The gradient's norm."""

from __future__ import annotations

import pytest
import torch
from snas_plugins.proxies.grad_norm import GradNorm
from torch import nn
from torch.nn import functional

from snas_cli.api import CandidateError

IMAGES, LABELS = torch.randn(6, 2, 3, 3), torch.arange(6) % 3


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.Flatten(), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3)
    )


def test_it_sums_the_norms_of_layers() -> None:
    plain = network()
    functional.cross_entropy(plain(IMAGES), LABELS).backward()
    gradients = [plain[0].weight.grad, plain[4].weight.grad]
    norms = [gradient.norm().item() for gradient in gradients if gradient is not None]
    assert GradNorm().score(network(), IMAGES, LABELS) == pytest.approx(sum(norms))


def test_weights_that_play_no_part_add_nothing() -> None:
    more = network()
    more[0].register_parameter("idle", nn.Parameter(torch.ones(2, 2)))
    assert GradNorm().score(more, IMAGES, LABELS) == GradNorm().score(network(), IMAGES, LABELS)


def test_a_loss_that_overflows_has_no_score() -> None:
    explosive = network()
    nn.init.constant_(explosive[4].weight, 3e38)
    with pytest.raises(CandidateError, match="numbers overflow"):
        GradNorm().score(explosive, IMAGES, LABELS)
