"""The enhanced MLP: an MLP where nothing is enhanced, and what each enhancement adds."""

from __future__ import annotations

import pytest
import torch
from snas_plugins.families._perceptron import Residual
from snas_plugins.families.enhanced_mlp import EnhancedMLP
from snas_plugins.families.mlp import MLP
from torch import nn

from snas_cli.api import Family, Genes, Task

TASK = Task((3, 8, 10), 7)


def genes(
    *units: int,
    residual: bool = False,
    layer_norm: bool = False,
    batch_norm: bool = True,
    activation: str = "relu",
) -> Genes:
    layers = [Genes({"units": n, "activation": activation, "residual": residual}) for n in units]
    shared = {"batch_norm": batch_norm, "dropout": 0.0, "layer_norm": layer_norm}
    return Genes({"layers": tuple(layers), **shared})


def build(record: Genes, family: Family | None = None) -> nn.Module:
    torch.manual_seed(0)
    return (family or EnhancedMLP()).build(record, TASK).eval()


def count(record: Genes) -> int:
    return sum(parameter.numel() for parameter in build(record).parameters())


@pytest.mark.parametrize("batch_norm", [True, False])
def test_without_enhancement_it_is_an_mlp(batch_norm: bool) -> None:
    record = genes(64, 128, 64, batch_norm=batch_norm)
    plain, network = build(record, MLP()), build(record)
    shapes, enhanced = ([p.shape for p in n.parameters()] for n in (plain, network))
    assert shapes == enhanced
    images = torch.randn(5, *TASK.input_shape)
    assert torch.equal(plain(images), network(images))


def test_residual_adds_parameters_only_where_the_width_changes() -> None:
    pixels = 3 * 8 * 10
    plain, residual = genes(64, 64, 32), genes(64, 64, 32, residual=True)
    assert count(residual) - count(plain) == pixels * 64 + 64 * 32
    same = genes(pixels, pixels)
    assert count(same) == count(genes(pixels, pixels, residual=True))


def test_residual_adds_what_went_in() -> None:
    first, second = (
        layer
        for layer in build(genes(64, 64, residual=True)).modules()
        if isinstance(layer, Residual)
    )
    x = torch.randn(5, 64)
    assert torch.allclose(second(x), second.branch(x) + x)
    pixels = torch.randn(5, 3 * 8 * 10)
    assert torch.allclose(first(pixels), first.branch(pixels) + first.project(pixels))


def test_layer_norm_is_of_what_enters_each_layer() -> None:
    record = genes(64, 32, layer_norm=True, batch_norm=False)
    norms = [layer for layer in build(record).modules() if isinstance(layer, nn.LayerNorm)]
    assert [layer.normalized_shape for layer in norms] == [(3 * 8 * 10,), (64,)]
    images = torch.randn(5, *TASK.input_shape)
    network = build(record)
    assert torch.allclose(network(images), network(3 * images + 1), atol=1e-4)


@pytest.mark.parametrize("activation", ["relu", "selu", "gelu"])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_deep_sums_start_at_a_size_that_trains(batch_norm: bool, activation: str) -> None:
    record = genes(*[64] * 50, residual=True, batch_norm=batch_norm, activation=activation)
    logits = build(record)(torch.randn(20, *TASK.input_shape))
    assert 0.1 < logits.std() < 10
