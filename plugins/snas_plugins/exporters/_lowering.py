"""Lowering a network to an ExecuTorch program, whose layers XNNPACK runs where it has them."""

from __future__ import annotations

import torch
from torch import fx, nn

from snas_cli.api import ExportError, Source
from snas_plugins.exporters._example_script import card_as_json
from snas_plugins.exporters._silence import silent
from snas_plugins.exporters._tracing import STUMBLES, example_of, exported, strip_notes

CARD = "card"  # a method beside `forward` that takes nothing and gives the card as JSON


def program(source: Source, name: str, *, in_8_bits: bool) -> bytes:
    """The bytes of a .pte file. Raises ExportError."""
    try:
        with silent(), torch.no_grad():
            network = _in_8_bits(source) if in_8_bits else source.network
            return _lowered(network, source)
    except STUMBLES as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ExportError(f"{name}: the network cannot be lowered: {reason}") from error


def _lowered(network: nn.Module, source: Source) -> bytes:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    graph = exported(network, source.card, batch=1)
    edge = to_edge_transform_and_lower(
        graph,
        partitioner=[XnnpackPartitioner()],
        constant_methods={CARD: card_as_json(source.card)},
    )
    return bytes(edge.to_executorch().buffer)


def _in_8_bits(source: Source) -> nn.Module:
    """Post-training quantisation with ranges per channel for weights (torchao, PT2E)."""
    from executorch.backends.xnnpack.quantizer import xnnpack_quantizer as xnnpack
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    quantizer = xnnpack.XNNPACKQuantizer()
    quantizer.set_global(xnnpack.get_symmetric_quantization_config(is_per_channel=True))
    graph = torch.export.export(source.network, (example_of(source.card, 1),)).module()
    prepared = prepare_pt2e(graph, quantizer)
    for picture in source.training.images:
        prepared(torch.from_numpy(picture[None]))
    converted: fx.GraphModule = convert_pt2e(prepared)
    strip_notes(converted.graph)
    return converted
