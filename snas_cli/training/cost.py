"""What a network costs, without allocating it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from snas_cli.api import Family, Genes, Task


@dataclass(frozen=True)
class Cost:
    """For one picture."""

    params: int
    flops: int  # a multiplication and an addition count as two


def measure_cost(family: Family, genes: Genes, task: Task) -> Cost:
    """Builds the network on the meta device, where tensors have shapes and no data."""
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        network = family.build(genes, task).eval()
        network(torch.empty(1, *task.input_shape))
    params = sum(parameter.numel() for parameter in network.parameters())
    return Cost(params, counter.get_total_flops())
