"""How many operations a network takes for one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snas_cli.api import Proxy, hookimpl

if TYPE_CHECKING:
    from torch import Tensor, nn


class Flops(Proxy):
    """Floating-point operations of layers and of attention, by torch's own formulas; a
    multiplication and an addition count as two. Nothing is computed: the network is on the meta
    device, where tensors have shapes alone."""

    name = "flops"
    summary = "the number of floating-point operations for one picture"

    def score(self, network: nn.Module, images: Tensor, labels: Tensor) -> float:
        import torch
        from torch.utils.flop_counter import FlopCounterMode

        pair = torch.empty_like(images[:2], device="meta")  # batch norm cannot learn from one
        with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
            network.to("meta")(pair)
        return float(counter.get_total_flops() / len(pair))


@hookimpl
def snas_register_proxies() -> list[Proxy]:
    return [Flops()]
