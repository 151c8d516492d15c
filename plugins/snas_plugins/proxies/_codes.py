"""Which units of a network each picture switches on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from snas_cli.api import CandidateError
from snas_plugins.proxies._functions import ACTIVATIONS, Function, argument, name_of


class Codes(TorchFunctionMode):
    """Counts, for each two pictures of a batch, in how many units they agree."""

    def __init__(self, pictures: int) -> None:
        super().__init__()
        self.agreements = torch.zeros(pictures, pictures, dtype=torch.float64)
        self.units = 0

    def __torch_function__(
        self,
        func: Function,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if name_of(func) in ACTIVATIONS:
            self._note(argument(0, "input", args, kwargs))
        return func(*args, **kwargs)

    def _note(self, x: Tensor) -> None:
        """`x` is what an activation is given: N×…, or with windows or tokens in the first dimension
        too. What is no multiple of N comes from weights, and not from pictures."""
        pictures = len(self.agreements)
        if x.ndim == 0 or len(x) % pictures:
            return
        signs = (x.reshape(pictures, -1) > 0).float().mul_(2).sub_(1)  # N×units, 1 or -1
        units = signs.shape[1]
        # Exact: sums of 1 and -1 are whole numbers, which float32 has up to 16 million.
        self.agreements += (units + (signs @ signs.T).double().cpu()) / 2
        self.units += units


def agreements(network: nn.Module, images: Tensor) -> Tensor:
    """Float64 N×N, on the CPU. Raises CandidateError for a network without activations."""
    codes = Codes(len(images))
    with torch.no_grad(), codes:
        network(images)
    if not codes.units:
        raise CandidateError("it has no activation that switches units on and off")
    return codes.agreements
