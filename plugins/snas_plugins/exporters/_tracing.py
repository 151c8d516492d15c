"""What exporters that run the network share: an example batch, and its forward pass as a graph
that does not tell where it was made."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import Tensor, fx, nn
from torch.export import Dim, ExportedProgram

from snas_cli.api import ExportError, ModelCard, Source

# What torch raises where a forward pass depends on the values in it, or cannot run at all:
STUMBLES = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
KEPT = ("val", "tensor_meta")  # of a node's notes: shapes; the others name source files and lines


def example_of(card: ModelCard, count: int) -> Tensor:
    dtype = torch.uint8 if card.pixels else torch.float32
    return torch.zeros(count, *card.input_shape, dtype=dtype)


@contextmanager
def failures(name: str) -> Iterator[None]:
    """Turns what torch raises into ExportError, and keeps its warnings from the terminal."""
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    except STUMBLES as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ExportError(f"{name}: the network cannot be recorded: {reason}") from error


def recorded(source: Source) -> ExportedProgram:
    """For batches of any size: once for all formats that are written from it, so nobody may change
    it."""
    program: ExportedProgram | None = source.shared.get("recorded")
    if program is None:
        program = exported(source.network, source.card, batch=None)
        program.example_inputs = None  # two blank pictures, of 1.2 MB where they are large
        source.shared["recorded"] = program
    return program


def exported(network: nn.Module, card: ModelCard, batch: int | None) -> ExportedProgram:
    """`batch` None is one of any size."""
    # Two images: torch.export takes an axis of length 1 for a constant.
    program = torch.export.export(
        deepcopy(network),
        (example_of(card, batch or 2),),
        dynamic_shapes=None if batch else ({0: Dim("batch")},),
    )
    for part in program.graph_module.modules():
        if isinstance(part, fx.GraphModule):
            strip_notes(part.graph)
    return program


def strip_notes(graph: fx.Graph) -> None:
    for node in graph.nodes:
        node.meta = {name: value for name, value in node.meta.items() if name in KEPT}
