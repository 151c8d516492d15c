"""A network as the linear one that its weights would make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from snas_plugins.proxies._functions import (
    ACTIVATIONS,
    ATTENTION,
    NORMS,
    Function,
    argument,
    name_of,
)


class Linearised(TorchFunctionMode):
    """Activations and norms pass on what they are given, and attention means all tokens."""

    def __torch_function__(
        self,
        func: Function,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs, name = kwargs or {}, name_of(func)
        if name in ACTIVATIONS or name in NORMS:
            return argument(0, "input", args, kwargs)
        if name == ATTENTION:
            queries, values = argument(0, "query", args, kwargs), argument(2, "value", args, kwargs)
            return values.mean(-2, keepdim=True).expand(*queries.shape[:-1], -1)
        return func(*args, **kwargs)


def flow(network: nn.Module, images: Tensor) -> Tensor:
    """What the linear network makes of `images`, summed over all logits; float64."""
    with Linearised():
        total: Tensor = network(images).sum()
    return total


def take_magnitudes(network: nn.Module) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
