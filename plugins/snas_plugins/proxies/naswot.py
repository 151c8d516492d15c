"""NASWOT: how well the units that they switch on tell pictures apart (Mellor et al. 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Proxy, hookimpl

if TYPE_CHECKING:
    from torch import Tensor, nn


class Naswot(Proxy):
    """The log determinant of the kernel of activation codes, "Neural Architecture Search without
    Training", section 3: its entry for two pictures is the number of units that are on for both or
    off for both. A unit is on where an activation is given more than 0.

    The paper has ReLU. Leaky ReLU, ELU and SELU bend at 0 as well; GELU, SiLU and their like pass
    what lies above and hold back what lies below, so that the code says as much of them, if less
    sharply. Attention and norms have no codes, nor have gates (sigmoid). Without any activation
    there is no score. Each picture is given one unit of its own, so that pictures with the same
    code, or twice the same picture, do not make the determinant 0.
    """

    name = "naswot"
    summary = "how differently pictures switch the units of the untrained network on and off"

    def score(self, network: nn.Module, images: Tensor, labels: Tensor) -> float:
        import torch

        from snas_plugins.proxies._codes import agreements
        from snas_plugins.proxies._preparing import finite, prepare

        prepare(network)
        kernel = agreements(network, images)  # float64 N×N, positive semi-definite
        kernel.diagonal().add_(1)
        factor = torch.linalg.cholesky(kernel)
        return finite(2 * factor.diagonal().log().sum().item())


@hookimpl
def snas_register_proxies() -> list[Proxy]:
    return [Naswot()]
