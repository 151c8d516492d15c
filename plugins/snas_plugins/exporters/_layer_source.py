"""The layers of torch.nn as source code: the call that makes one, read from its settings."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor, nn

from snas_cli.api import ExportError
from snas_plugins.exporters._code_text import call


def definition(target: str, name: str, part: nn.Module | Tensor) -> str:
    """The line of `__init__` that makes the part. Raises ExportError naming its `target`."""
    if isinstance(part, nn.Module):
        return f"self.{name} = {_constructor(target, part)}"
    size = ", ".join(map(str, part.shape)) or "()"
    dtype = "" if part.dtype == torch.float32 else f", dtype={part.dtype}"
    empty = f"torch.empty({size}{dtype})"
    if isinstance(part, nn.Parameter) and part.is_floating_point():
        return f"self.{name} = nn.Parameter({empty})"
    return f'self.register_buffer("{name}", {empty})'


def _constructor(target: str, layer: nn.Module) -> str:
    """The shortest call that makes a layer of the same settings."""
    kind = type(layer)
    if getattr(nn, kind.__name__, None) is kind and not is_hooked(layer):
        for compact in (True, False):
            arguments, options = _settings(layer, compact=compact)
            if _rebuilds(layer, arguments, options):
                return f"nn.{kind.__name__}({call(arguments, options, {})})"
    raise ExportError(
        f"python: cannot write {target}, a {kind.__name__}: it is not a plain layer of torch.nn, "
        f"made by its settings alone"
    )


def is_hooked(layer: nn.Module) -> bool:
    """Does it call functions that a constructor knows nothing of?"""
    return bool(layer._forward_hooks or layer._forward_pre_hooks)  # noqa: SLF001


def _settings(layer: nn.Module, *, compact: bool) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of the constructor, read from the attributes of the same names, less those
    that are as by default. Compact: (3, 3) becomes 3, which most constructors undo."""
    arguments: list[Any] = []
    options: dict[str, Any] = {}
    for name, parameter in inspect.signature(type(layer)).parameters.items():
        if not hasattr(layer, name):
            continue
        value = getattr(layer, name)
        if isinstance(parameter.default, bool):  # a bias is asked for by a flag, and kept as tensor
            value = value is not None and value is not False
        if compact and isinstance(value, tuple) and value[:1] * len(value) == value != ():
            value = value[0]
        if parameter.default is parameter.empty:
            arguments.append(value)
        elif value != parameter.default:
            options[name] = value
    return arguments, options


def _rebuilds(layer: nn.Module, arguments: list[Any], options: dict[str, Any]) -> bool:
    try:
        with torch.device("meta"):
            rebuilt = type(layer)(*arguments, **options)
    except (RuntimeError, TypeError, ValueError):
        return False
    return _appearance(rebuilt) == _appearance(layer)


def _appearance(layer: nn.Module) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """All that two layers which differ in their weights alone have in common."""
    public = {
        name: value
        for name, value in vars(layer).items()
        if not name.startswith("_") and name != "training"
    }
    tensors = {name: (value.shape, value.dtype) for name, value in layer.state_dict().items()}
    return repr(layer), public, tensors


def state(name: str, part: nn.Module | Tensor) -> dict[str, Tensor]:
    """The weights of the part, as its definition names them."""
    tensors = (
        {f"{name}.{key}": value for key, value in part.state_dict().items()}
        if isinstance(part, nn.Module)
        else {name: part}
    )
    # Copies, for tied weights become separate ones, and safetensors refuses shared memory.
    return {
        key: value.detach().clone(memory_format=torch.contiguous_format)
        for key, value in tensors.items()
    }
