"""What the conformance check for proxies catches."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from math import log

import pytest
from torch import Tensor, nn

from snas_cli.api import CandidateError, Proxy
from snas_cli.testing import check_proxy

CHANCE = count()


class Made(Proxy):
    """Scores by a function of the network and the images."""

    name = "made"
    summary = "for tests"

    def __init__(self, function: Callable[[nn.Module, Tensor], float]) -> None:
        self.function = function

    def score(self, network: nn.Module, images: Tensor, labels: Tensor) -> float:
        return self.function(network, images)


def layers(network: nn.Module) -> int:
    return len(list(network.modules()))


def has_batch_norm(network: nn.Module) -> float:
    if not any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
        raise CandidateError("it has no batch norm")
    return 1.0


def refuse(network: nn.Module) -> float:
    raise CandidateError("not today")


def test_a_proxy_may_refuse_some_networks() -> None:
    check_proxy(Made(lambda network, _: has_batch_norm(network)))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda network, _: layers(network), "not a float"),
        (lambda network, _: float("inf") if layers(network) > 50 else log(2), "that is deep"),
        (lambda _, images: images.zero_().sum().item(), "changes the batch"),
        (lambda *_: float(next(CHANCE)), "draws chance from elsewhere"),
        (lambda network, _: refuse(network), "no score for any network: convolutional: not today"),
    ],
)
def test_bad_proxies_are_caught(
    function: Callable[[nn.Module, Tensor], float], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        check_proxy(Made(function))
