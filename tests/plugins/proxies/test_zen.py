"""Zen, next to what the paper's formula gives."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from snas_plugins.proxies._scaling import Scaling, draw_weights, leave_gates_out, mean_distance
from snas_plugins.proxies.zen import Zen
from torch import Tensor, nn
from torchvision.ops import SqueezeExcitation

from snas_cli.api import CandidateError

IMAGES, LABELS = torch.zeros(8, 3, 8, 8), torch.zeros(8, dtype=torch.int64)


def answers(network: nn.Module, pictures: Tensor) -> Tensor:
    """The logarithm of how far apart the logits of the first and the second half are."""
    with torch.no_grad():
        one, other = network(pictures).chunk(2)
    return mean_distance(one, other).log()


def drawn(*layers: nn.Module) -> nn.Module:
    """In double precision."""
    torch.manual_seed(1)
    network = nn.Sequential(*layers).double().train()
    draw_weights(network)
    return network


def test_it_is_the_papers_score_for_conv_norm_relu() -> None:
    """Where batch norm divides and the score sums the deviations that it divided by."""
    blocks = [
        layer
        for width in (3, 16, 16)
        for layer in (nn.Conv2d(width, 16, 3, bias=False), nn.BatchNorm2d(16, eps=1e-12), nn.ReLU())
    ]
    network = drawn(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5))
    plain = copy.deepcopy(network)
    logs: list[Tensor] = []
    for module in plain:
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_pre_hook(
                lambda _module, x: logs.append(x[0].var((0, 2, 3), correction=0).mean().log() / 2)
            )
    pictures = torch.randn(6, 3, 12, 12, dtype=torch.float64)
    scaling = Scaling(network)
    score = answers(network, pictures) + scaling.log_scale
    expected = answers(plain, pictures) + sum(logs)
    assert score.item() == pytest.approx(expected.item())


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(4, 40), min_size=1, max_size=6), st.sampled_from([nn.ReLU, nn.LeakyReLU])
)
def test_scaling_is_made_good_where_activations_scale(
    widths: list[int], activation: Callable[[], nn.Module]
) -> None:
    """Without any norm, the sum of logarithms is exactly what scaling took away."""
    layers: list[nn.Module] = []
    for before, after in zip([12, *widths], widths, strict=False):
        layers += [nn.Linear(before, after), activation()]
    network = drawn(*layers, nn.Linear(widths[-1], 3))
    plain = copy.deepcopy(network)
    scaling = Scaling(network)
    pictures = torch.randn(8, 12, dtype=torch.float64)
    score = answers(network, pictures) + scaling.log_scale
    assert score.item() == pytest.approx(answers(plain, pictures).item())


def score(network: nn.Module, seed: int = 0) -> float:
    torch.manual_seed(seed)
    return Zen().score(network.train(), IMAGES, LABELS)


def perceptron(depth: int, width: int) -> nn.Module:
    hidden = [layer for _ in range(depth) for layer in (nn.Linear(width, width), nn.ReLU())]
    return nn.Sequential(
        nn.Flatten(), nn.Linear(192, width), nn.ReLU(), *hidden, nn.Linear(width, 3)
    )


def test_deeper_and_wider_networks_have_more_of_it() -> None:
    assert score(perceptron(1, 16)) < score(perceptron(3, 16)) < score(perceptron(3, 64))


def test_what_overflows_without_scaling_has_a_score() -> None:
    assert 200 < score(perceptron(120, 64)) < 400


@pytest.mark.parametrize(
    "norm", [nn.LayerNorm(32), nn.RMSNorm(32), nn.GroupNorm(4, 32), nn.LayerNorm(32, bias=False)]
)
def test_other_norms_count_too(norm: nn.Module) -> None:
    """A norm takes away what the layer before it would add, and its own sum gives it back."""
    normed = nn.Sequential(nn.Flatten(), nn.Linear(192, 32), nn.ReLU(), norm, nn.Linear(32, 3))
    plain = nn.Sequential(nn.Flatten(), nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, 3))
    assert score(normed) == pytest.approx(score(plain), abs=1)


def test_squeeze_and_excitation_does_not_count() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3), SqueezeExcitation(8, 2))
    leave_gates_out(network)
    assert not any(isinstance(module, SqueezeExcitation) for module in network.modules())


def test_the_data_play_no_part() -> None:
    torch.manual_seed(0)
    pair = [Zen().score(perceptron(1, 16), IMAGES, LABELS)]
    torch.manual_seed(0)
    pair.append(Zen().score(perceptron(1, 16), IMAGES + 7, LABELS + 1))
    assert len(set(pair)) == 1


class Deaf(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, images: Tensor) -> Tensor:
        answer: Tensor = self.head(0 * images.mean((2, 3)))
        return answer


def test_a_network_that_sees_nothing_has_no_score() -> None:
    with pytest.raises(CandidateError, match="nothing of the pictures reaches its end"):
        score(Deaf())
