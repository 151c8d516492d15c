"""Counts floating-point operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


class Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """By torch's own formulas; its FlopCounterMode keeps accounts of every module as well, which
    takes several times as long."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.total += formula(*args, **kwargs, out_val=result)
        return result


def operations(network: nn.Module, images: Tensor) -> float:
    """For one of the pictures. Nothing is computed: meta tensors have shapes alone."""
    pair = torch.empty_like(images[:2], device="meta")  # batch norm cannot learn from one
    with torch.no_grad(), torch.device("meta"), Operations() as counted:
        network.to("meta")(pair)
    return float(counted.total / len(pair))
