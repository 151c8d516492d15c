"""Calls of torch by what they do, however a network spells them: `nn.ReLU`, `relu`, `x.relu_()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

# They pass one side of 0 and hold the other back, or bend there. A sigmoid is a gate, which scales
# what it lets through, and so is none of them.
ACTIVATIONS = frozenset({
    "relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish",
    "hardswish", "hardtanh", "tanh",
})  # fmt: skip
NORMS = frozenset({"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"})
ATTENTION = "scaled_dot_product_attention"

Function = Callable[..., Any]


def name_of(function: Function) -> str:
    """Without the underscore of what works in place."""
    return getattr(function, "__name__", "").rstrip("_")


def argument(place: int, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Tensor:
    found: Tensor = args[place] if place < len(args) else kwargs[name]
    return found
