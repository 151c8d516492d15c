"""What a network costs, counted on the meta device: its tensors have shapes and no data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from snas_cli.api import Family, Genes, Genome, Task

BATCH = 2  # batch norm refuses to learn from one picture
TRAINING = ("learning_rate", "optimizer")  # genes that a network is built without


@dataclass(frozen=True)
class Cost:
    """For one picture."""

    params: int
    size_bytes: int  # of the weights, with the statistics of norms
    flops: int  # a multiplication and an addition count as two
    activation_bytes: int  # what a training step keeps for the way back


def count_params(family: Family, genes: Genes, task: Task) -> int:
    return _params(sketch(family, genes, task))


def measure_cost(family: Family, genes: Genes, task: Task) -> Cost:
    weights, work = cost_in_steps(family, genes, task)
    return Cost(**weights, **work)


def cost_in_steps(family: Family, genes: Genes, task: Task) -> Iterator[dict[str, int]]:
    """What of Cost a built network shows, and then the rest, which takes three times as long."""
    network = sketch(family, genes, task).train()
    yield {
        "params": _params(network),
        "size_bytes": sum(t.numel() * t.element_size() for t in network.state_dict().values()),
    }
    kept = _Kept(network)
    with torch.device("meta"), Flops() as flops, saved_tensors_hooks(kept.note, lambda t: t):
        network(torch.empty(BATCH, *task.input_shape))
    yield {"flops": flops.total // BATCH, "activation_bytes": kept.bytes // BATCH}


def structure_of(genome: Genome, ignoring: Collection[str] = TRAINING) -> str:
    """A fingerprint of the expressed genes but for some: networks of one structure cost the
    same."""
    expressed = genome.phenotype or genome.genes
    same = {name: None for name in ignoring if name in expressed}
    return Genome(genome.family, expressed.replace(**same)).fingerprint


def sketch(family: Family, genes: Genes, task: Task) -> nn.Module:
    with torch.device("meta"), _Uninitialised():
        return family.build(genes, task)


def _params(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


class _Kept:
    """The memory that autograd keeps, each piece of it once, without the network's own weights."""

    def __init__(self, network: nn.Module) -> None:
        self.bytes = 0
        own = [*network.parameters(), *network.buffers()]
        self._known = {_place(tensor): tensor for tensor in own}

    def note(self, tensor: Tensor) -> Tensor:
        if _place(tensor) not in self._known:
            self._known[_place(tensor)] = tensor  # held, so that its place is not given away
            self.bytes += tensor.untyped_storage().nbytes()
        return tensor


def _place(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 - meta tensors have no address


class Flops(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts by torch's own formulas; its FlopCounterMode also keeps accounts of every module,
    which takes five times as long as the network itself."""

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
        if func.overloadpacket in NORMS:
            return _normalised(args[0])
        if func.overloadpacket in ELEMENTWISE and _is_like_first(args):
            return torch.empty_like(args[0])
        if func.overloadpacket in IN_PLACE:
            return args[0]
        result = func(*args, **kwargs)
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.total += formula(*args, **kwargs, out_val=result)
        return result


# What takes torch milliseconds on the meta device, where Python code is asked for the shape.
NORMS = (torch.ops.aten.native_batch_norm, torch.ops.aten.native_layer_norm)


def _normalised(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What a norm returns. The statistics that come with it are too small to count."""
    statistics = x.new_empty(1)
    return torch.empty_like(x), statistics, statistics


ELEMENTWISE = frozenset(
    getattr(torch.ops.aten, name)
    for name in ("relu", "elu", "gelu", "leaky_relu", "silu", "hardswish", "sigmoid", "tanh",
                 "mish", "add", "mul", "div")
)  # fmt: skip
IN_PLACE = frozenset(
    getattr(torch.ops.aten, name) for name in ("relu_", "elu_", "leaky_relu_", "silu_", "add_")
)


def _is_like_first(args: Sequence[Any]) -> bool:
    """Has the result the shape of the first argument?"""
    shapes = [arg.shape for arg in args if isinstance(arg, Tensor)]
    shape = torch.broadcast_shapes(*shapes)  # type: ignore[no-untyped-call]
    return isinstance(args[0], Tensor) and bool(shape == args[0].shape)


FILLS = {
    "kaiming_uniform_",
    "normal_",
    "uniform_",
    "erfinv_",
    "mul_",
    "add_",
    "clamp_",
    "fill_",
    "zero_",
    "copy_",
}


class _Uninitialised(TorchFunctionMode):
    """Weights that have no data need no first values, which take most of the time of building."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if getattr(func, "__name__", "") in FILLS:
            return args[0] if args else (kwargs or {})["tensor"]  # nn.init has a keyword
        return func(*args, **(kwargs or {}))
