"""NASWOT, next to the kernel written out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from snas_plugins.proxies.naswot import Naswot
from torch import Tensor, nn
from torch.nn import functional

from snas_cli.api import CandidateError

LABELS = torch.zeros(6, dtype=torch.int64)


def images() -> Tensor:
    return torch.randn(6, 2, 3, 3, generator=torch.Generator().manual_seed(0))


class Two(nn.Module):
    """Two hidden layers with the activation spelled as it is handed in."""

    def __init__(self, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.head = nn.Linear(18, 9), nn.Linear(9, 7), nn.Linear(7, 3)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.activation(self.first(x.flatten(1)))
        logits: Tensor = self.head(self.activation(self.second(hidden)))
        return logits


def score(network: nn.Module, pictures: Tensor | None = None) -> float:
    return Naswot().score(network.train(), images() if pictures is None else pictures, LABELS)


def test_it_is_the_determinant_of_the_kernel() -> None:
    network = Two(nn.ReLU())
    hidden = network.first(images().flatten(1))
    codes = torch.cat((hidden > 0, network.second(hidden.relu()) > 0), 1).double()
    kernel = codes @ codes.T + (1 - codes) @ (1 - codes).T + torch.eye(6)
    assert score(network) == pytest.approx(torch.linalg.slogdet(kernel).logabsdet.item())


@pytest.mark.parametrize(
    "spelling",
    [
        nn.ReLU(inplace=True),
        functional.relu,
        functional.relu_,
        torch.relu,
        Tensor.relu,
        Tensor.relu_,
        lambda x: functional.relu(input=x, inplace=True),
        lambda x: x.relu(),
    ],
)
def test_all_spellings_are_seen(spelling: Callable[[Tensor], Tensor]) -> None:
    assert score(Two(spelling)) == score(Two(nn.ReLU()))


@pytest.mark.parametrize(
    "activation",
    [nn.LeakyReLU(), nn.PReLU(), nn.RReLU(), nn.ELU(), nn.SELU(), nn.CELU(), nn.GELU(), nn.SiLU(),
     nn.Mish(), nn.ReLU6(), nn.Hardswish(), nn.Hardtanh(), nn.Tanh()],
)  # fmt: skip
def test_other_activations_are_seen(activation: nn.Module) -> None:
    assert score(Two(activation)) > 6


@pytest.mark.parametrize("activation", [nn.Identity(), nn.Sigmoid(), torch.abs])
def test_without_an_activation_there_is_no_score(activation: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(CandidateError, match="no activation"):
        score(Two(activation))


def test_pictures_that_are_the_same_have_a_score() -> None:
    alike = images()[:1].expand(6, -1, -1, -1)
    assert 0 < score(Two(nn.ReLU()), alike) < score(Two(nn.ReLU()))


class Windows(nn.Module):
    """Rows of pictures beside one another in the first dimension; an activation of weights."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.randn(5))
        self.rows = nn.Linear(3, 4)
        self.head = nn.Linear(24, 2)

    def forward(self, x: Tensor) -> Tensor:
        hidden = functional.gelu(self.rows(x.flatten(0, 2)))
        logits: Tensor = self.head(hidden.reshape(len(x), -1)) * self.weights.tanh().sum()
        return logits


def test_tokens_may_stand_in_the_first_dimension() -> None:
    torch.manual_seed(0)
    network = Windows()
    codes = (network.rows(images()).flatten(1) > 0).double()
    kernel = codes @ codes.T + (1 - codes) @ (1 - codes).T + torch.eye(6)
    assert score(network) == pytest.approx(torch.linalg.slogdet(kernel).logabsdet.item())


def test_an_encoder_of_torchs_own_is_seen() -> None:
    """It has a fast way in evaluation, in which there are no activations to see."""
    layer = nn.TransformerEncoderLayer(6, 2, 12, batch_first=True)
    network = nn.Sequential(nn.Unflatten(3, (1, 3)), nn.Flatten(1), nn.Unflatten(1, (3, 6)), layer)
    assert score(network) > 6
