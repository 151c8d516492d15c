"""A network as source code, written from what it does: torch.fx records its forward pass down to
the layers of torch.nn, whatever classes it was put together from."""

from __future__ import annotations

import keyword
import operator
import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain, count
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.graph import magic_methods
from torchvision.ops import StochasticDepth

from snas_cli.api import ExportError, ModelCard
from snas_plugins.exporters._code_text import call, literal, wrapped
from snas_plugins.exporters._layer_source import definition, is_hooked, state

IDLE = (  # in evaluation mode
    nn.Identity,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
    StochasticDepth,
)


@dataclass(frozen=True)
class Code:
    """The bodies of `__init__` and `forward`, indented, and the weights by the names in them."""

    layers: list[str]
    forward: list[str]
    weights: dict[str, Tensor]


def code_of(network: nn.Module, card: ModelCard) -> Code:
    """`network` is in evaluation mode. Raises ExportError for what cannot be written."""
    network = deepcopy(network)
    dtype = torch.uint8 if card.pixels else torch.float32
    graph = _recorded(network, torch.zeros(2, *card.input_shape, dtype=dtype))
    names = _flat_names(node.target for node in graph.nodes if node.op in _OWNED)
    layers: list[str] = []
    weights: dict[str, Tensor] = {}
    for target, name in names.items():
        part = attrgetter(target)(network)
        layers += wrapped(definition(target, name, part))
        weights |= state(name, part)
    forward = chain.from_iterable(map(wrapped, _Forward(graph, names).lines()))
    return Code(layers, list(forward), weights)


# --- recording ------------------------------------------------------------------------------------

_OWNED = ("call_module", "get_attr")  # the nodes whose target is a part of the network
# What Python code can raise that is handed stand-ins for its images:
_STUMBLES = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in IDLE or super().is_leaf_module(m, module_qualified_name)


class _Witness(fx.Interpreter):
    """Notes for every node what kind of value it has and whether it changes one of its inputs."""

    def run_node(self, n: fx.Node) -> Any:
        inputs = [self.env[node] for node in n.all_input_nodes]
        tensors = [value for value in inputs if isinstance(value, Tensor)]
        before = [tensor._version for tensor in tensors]  # noqa: SLF001 - there is no other way
        value = super().run_node(n)
        n.meta["kind"] = type(value)
        n.meta["mutates"] = before != [tensor._version for tensor in tensors]  # noqa: SLF001
        return value


def _recorded(network: nn.Module, example: Tensor) -> fx.Graph:
    """What happens to a batch, less the steps that do nothing."""
    try:
        graph = _Tracer().trace(network)
        with torch.no_grad():
            _Witness(network, graph=graph).run(example)
    except _STUMBLES as error:
        raise ExportError(f"python: the forward pass cannot be recorded: {error}") from error
    for node in graph.nodes:
        if node.op == "call_module" and _is_idle(attrgetter(node.target)(network)):
            node.replace_all_uses_with(node.all_input_nodes[0])
    graph.eliminate_dead_code(
        lambda node: node.op in ("placeholder", "output") or node.meta["mutates"]
    )
    return graph


def _is_idle(layer: nn.Module) -> bool:
    return type(layer) in IDLE and not is_hooked(layer)


def _flat_names(targets: Iterable[str]) -> dict[str, str]:
    """An attribute name for each part: blocks.0.conv becomes blocks_0_conv."""
    names: dict[str, str] = {}
    taken = set(dir(nn.Module()))
    for target in dict.fromkeys(targets):
        name = re.sub(r"\W", "_", target, flags=re.ASCII).lstrip("_")
        if not name[:1].isalpha():
            name = f"layer_{name}"
        while name in taken or keyword.iskeyword(name):
            name += "_"
        names[target] = name
        taken.add(name)
    return names


# --- the forward pass -----------------------------------------------------------------------------

_OPERATORS = {
    getattr(operator, name): template
    for name, template in magic_methods.items()
    if hasattr(operator, name) and name != "getitem"
}


class _Forward:
    """Writes a graph line by line. A variable is used anew once its value has been read for the
    last time, so that a chain of layers is x = …(x) throughout, as one would write it by hand."""

    def __init__(self, graph: fx.Graph, names: dict[str, str]) -> None:
        self.graph = graph
        self.names = names
        self.texts: dict[Any, str] = {}
        self.last_reader = _last_readers(graph)

    def lines(self) -> list[str]:
        lines = []
        busy: dict[str, fx.Node] = {}
        for node in self.graph.nodes:
            text = self._text(node)
            if _is_inlined(node):
                self.texts[node] = text
                continue
            busy = {name: held for name, held in busy.items() if self.last_reader[held] != node}
            if node in self.last_reader:
                variable = next(name for name in _variables() if name not in busy)
                busy[variable], self.texts[node] = node, variable
                text = f"{variable} = {text}"
            lines.append(text)
        return _with_return_folded(lines)

    def _text(self, node: fx.Node) -> str:
        match node.op:
            case "placeholder":
                return literal(node.args[0], {}) if node.args else "images"
            case "get_attr":
                return f"self.{self.names[str(node.target)]}"
            case "call_module":
                return f"self.{self.names[str(node.target)]}({self._call(node)})"
            case "call_method":
                return f"{self._operand(node.args[0])}.{node.target}({self._call(node, skip=1)})"
            case "output":
                return f"return {literal(node.args[0], self.texts)}"
            case _:
                return self._function(node)

    def _function(self, node: fx.Node) -> str:
        function: Any = node.target
        if function in _OPERATORS:
            return _OPERATORS[function].format(*map(self._operand, node.args))
        if function is operator.getitem:
            return f"{self._operand(node.args[0])}[{self._index(node.args[1])}]"
        if function is getattr:
            return f"{self._operand(node.args[0])}.{node.args[1]}"
        name = getattr(function, "__name__", repr(function))
        for home, module in (("torch", torch), ("nn.functional", nn.functional)):
            if getattr(module, name, None) is function:
                return f"{home}.{name}({self._call(node)})"
        raise ExportError(f"python: cannot write {name}(): it is not a function of torch")

    def _call(self, node: fx.Node, skip: int = 0) -> str:
        return call(node.args[skip:], node.kwargs, self.texts)

    def _operand(self, value: Any) -> str:
        """In brackets where an operator or a dot beside it would tear it apart."""
        text = literal(value, self.texts)
        is_operation = isinstance(value, fx.Node) and value.target in _OPERATORS
        return f"({text})" if text.startswith("-") or (is_operation and " " in text) else text

    def _index(self, value: Any) -> str:
        if value is ...:
            return "..."
        if isinstance(value, tuple):
            return ", ".join(map(self._index, value)) + "," * (len(value) == 1)
        if not isinstance(value, slice):
            return literal(value, self.texts)
        bounds = [value.start, value.stop, value.step][: 2 if value.step is None else 3]
        texts = ["" if bound is None else literal(bound, self.texts) for bound in bounds]
        simple = all(re.fullmatch(r"-?\w*", text) for text in texts)
        return (":" if simple else " : ").join(texts).strip()


def _is_inlined(node: fx.Node) -> bool:
    """Is it written where it is used? Sizes and parts of tuples are, for they cost nothing."""
    if node.op in ("placeholder", "get_attr"):
        return True
    if node.target is operator.getitem and issubclass(_kind(node.args[0]), tuple | list):
        return True
    sizes = (int, torch.Size, torch.dtype, torch.device)
    return issubclass(_kind(node), sizes) and node.target != "item"


def _kind(node: Any) -> type:
    kind: type = node.meta["kind"]
    return kind


def _last_readers(graph: fx.Graph) -> dict[fx.Node, fx.Node]:
    """The last line in which the value of each variable appears."""
    readers: dict[fx.Node, fx.Node] = {}
    holds: dict[fx.Node, list[fx.Node]] = {}  # the variables in the text of each node
    for node in graph.nodes:
        inputs = [variable for source in node.all_input_nodes for variable in holds[source]]
        if _is_inlined(node):
            holds[node] = inputs
        else:
            holds[node] = [node]
            readers |= dict.fromkeys(inputs, node)
    return readers


def _variables() -> Iterator[str]:
    return chain("xyzuvw", (f"x{number}" for number in count(1)))


def _with_return_folded(lines: list[str]) -> list[str]:
    *rest, last, end = ["", *lines]
    variable = end.removeprefix("return ")
    if last.startswith(f"{variable} = "):
        return [*rest[1:], f"return {last.removeprefix(f'{variable} = ')}"]
    return lines
