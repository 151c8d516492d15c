"""How many parameters a network has: the plainest of proxies, and hard to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Proxy, hookimpl

if TYPE_CHECKING:
    from torch import Tensor, nn


class Params(Proxy):
    """Trainable parameters, of whatever kind."""

    name = "params"
    summary = "the number of parameters"

    def score(self, network: nn.Module, images: Tensor, labels: Tensor) -> float:
        return float(sum(parameter.numel() for parameter in network.parameters()))


@hookimpl
def snas_register_proxies() -> list[Proxy]:
    return [Params()]
