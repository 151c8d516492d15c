"""What the parts of a network cost, one by one, measured on the meta device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from snas_cli.api import Family, Genes, Task
from snas_cli.training.cost import BATCH, Flops, sketch


@dataclass(frozen=True)
class Layer:
    """A part of a network, as a picture meets it."""

    name: str  # its path in the network; of a part that is used twice, of its first use
    kind: str  # its class
    shape: tuple[int, ...]  # of what comes out, for one picture
    params: int
    flops: int  # for one picture


def measure_layers(family: Family, genes: Genes, task: Task) -> list[Layer]:
    """In the order in which a picture meets them. Sequences of modules are taken apart, all other
    modules are one part; what no part accounts for (a token that is learned, say) is the last one,
    named "outside"."""
    network = sketch(family, genes, task).eval()
    layers: list[Layer] = []
    with torch.device("meta"), torch.no_grad(), Flops() as flops:
        for name, part in _parts(network, ""):
            _watch(part, name, flops, layers)
        network(torch.empty(BATCH, *task.input_shape))
    params = sum(parameter.numel() for parameter in network.parameters())
    params -= sum(layer.params for layer in layers)
    rest = flops.total // BATCH - sum(layer.flops for layer in layers)
    return [*layers, Layer("outside", "", (), params, rest)] if params or rest else layers


def _parts(module: nn.Module, path: str) -> Iterator[tuple[str, nn.Module]]:
    for name, child in module.named_children():
        place = f"{path}.{name}" if path else name
        if type(child) in (nn.Sequential, nn.ModuleList, nn.ModuleDict):
            yield from _parts(child, place)
        else:
            yield place, child


def _watch(part: nn.Module, name: str, flops: Flops, layers: list[Layer]) -> None:
    """Adds to `layers` when `part` has been used."""
    before: list[int] = []
    own = [sum(parameter.numel() for parameter in part.parameters())]

    def begin(_part: nn.Module, _inputs: Any) -> None:
        before.append(flops.total)

    def end(_part: nn.Module, _inputs: Any, output: Any) -> None:
        shape = tuple(output.shape[1:]) if isinstance(output, Tensor) else ()
        params = own.pop() if own else 0  # its parameters are counted once
        spent = (flops.total - before.pop()) // BATCH
        layers.append(Layer(name, type(part).__name__, shape, params, spent))

    part.register_forward_pre_hook(begin)
    part.register_forward_hook(end)
