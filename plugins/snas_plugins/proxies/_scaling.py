"""Layers whose output is brought to unit deviation, and the sum of the logarithms of what that
took: deep networks neither overflow nor lose what their score is made of."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torchvision.ops import SqueezeExcitation

LAYERS = (_ConvNd, nn.Linear)
Rows = Callable[[Tensor], Tensor]


class Scaling:
    """Follows the layers and norms of a network through each pass.

    Lin et al. 2021 (section 3.2) sum the deviations that batch norm divides by. Here each layer's
    output is divided by its own right away, so that networks without batch norm have a score too;
    a batch norm behind it then finds a deviation of about 1, and the sum is the same.
    """

    def __init__(self, network: nn.Module) -> None:
        self.log_scale: Tensor | float = 0.0
        for module in network.modules():
            rows = _rows(module)
            if isinstance(module, LAYERS):
                module.register_forward_hook(self._scale(rows))
            elif rows is not None:
                module.register_forward_pre_hook(self._note(rows))

    def _scale(self, rows: Rows | None) -> Callable[[nn.Module, object, Tensor], Tensor]:
        assert rows is not None  # layers have them

        def hook(_layer: nn.Module, _input: object, output: Tensor) -> Tensor:
            deviation = _deviation(rows(output))
            self.log_scale = self.log_scale + deviation.log()
            return output / deviation

        return hook

    def _note(self, rows: Rows) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(_norm: nn.Module, given: tuple[Tensor, ...]) -> None:
            self.log_scale = self.log_scale + _deviation(rows(given[0])).log()

        return hook


def _deviation(rows: Tensor) -> Tensor:
    """The root of the rows' mean variance: one factor for all channels (Lin et al. 2021, line 6 of
    algorithm 1)."""
    return rows.var(1, correction=0).mean().sqrt()


def _rows(module: nn.Module) -> Rows | None:
    """How to lay out what a layer gives or a norm is given, as rows that each have a variance of
    their own: channels or, where a norm looks at one picture or token alone, those."""
    match module:
        case _ConvNd() | _NormBase():
            return lambda x: x.movedim(1, 0).flatten(1)
        case nn.Linear():
            return lambda x: x.movedim(-1, 0).flatten(1)
        case nn.LayerNorm() | nn.RMSNorm():
            first = -len(module.normalized_shape)
            return lambda x: x.flatten(first).flatten(0, -2)
        case nn.GroupNorm():
            return lambda x: x.flatten(1)
        case _:
            return None


def draw_weights(network: nn.Module) -> None:
    """Standard normal weights and no biases; norms that change nothing more than they must (Lin et
    al. 2021, line 2 of algorithm 1)."""
    for module in network.modules():
        if _rows(module) is None:
            continue
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(weight, Tensor):
            if isinstance(module, LAYERS):
                nn.init.normal_(weight)
            else:
                nn.init.ones_(weight)
        if isinstance(bias, Tensor):
            nn.init.zeros_(bias)


def leave_gates_out(network: nn.Module) -> None:
    """Squeeze-and-excitation adds no expressivity (Lin et al. 2021, section 3.2)."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, SqueezeExcitation):
                setattr(module, name, nn.Identity())


def mean_distance(one: Tensor, other: Tensor) -> Tensor:
    """Of pairs, N×features each."""
    distances: Tensor = torch.linalg.vector_norm((one - other).flatten(1), dim=1)
    return distances.mean()
