"""The quantiser: what it keeps, and what it tries where eight bits are too few."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnxruntime.quantization.calibrate import MinMaxCalibrater
from snas_plugins.exporters.onnx import Onnx
from snas_plugins.exporters.quantized import Quantized
from torch import Tensor, nn

from snas_cli.api import ModelCard, Sample, Source


class Spread(nn.Module):
    """Two depthwise channels whose ranges differ by a factor of 20 000, both of which decide: one
    scale for both loses the smaller."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.gains = nn.Conv2d(8, 8, 1, groups=8, bias=False)
        self.gains.weight.data = torch.logspace(-2, 2.3, 8).view(8, 1, 1, 1)
        self.losses = nn.Conv2d(8, 8, 1, groups=8, bias=False)
        self.losses.weight.data = 1 / self.gains.weight.data
        self.head = nn.Linear(8, 7)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.losses(self.gains(self.first(images)).sigmoid()).mean((2, 3))
        logits: Tensor = self.head(features)
        return logits


@pytest.fixture
def source(card: ModelCard, tmp_path: Path) -> Source:
    torch.manual_seed(0)
    network = Spread().eval()
    images = torch.randn(96, *card.input_shape)
    with torch.no_grad():
        sample = Sample(images.numpy(), network(images).argmax(1).numpy())
    (tmp_path / "shared").mkdir()
    source = Source(network, card, sample, sample, lambda _: tmp_path / "shared" / "model.onnx")
    Onnx().write(source, tmp_path / "shared")
    return source


def test_metadata_is_the_float_models(source: Source, tmp_path: Path) -> None:
    (model,) = Quantized().write(source, tmp_path).files
    quantised, original = (
        {each.key: each.value for each in onnx.load(path).metadata_props}
        for path in (model, source.model_by("onnx"))
    )
    assert quantised == original
    assert json.loads(quantised["classes"]) == list(source.card.classes)


def test_weights_have_8_bits_and_the_batch_stays_free(source: Source, tmp_path: Path) -> None:
    (model,) = Quantized().write(replace(source, max_drop=1), tmp_path).files
    graph = onnx.load(model).graph
    assert "QuantizeLinear" in {node.op_type for node in graph.node}
    assert onnx.TensorProto.INT8 in {tensor.data_type for tensor in graph.initializer}
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param


def test_the_first_way_that_is_good_enough_is_taken(source: Source, tmp_path: Path) -> None:
    written = Quantized().write(replace(source, max_drop=1), tmp_path)
    (remark,) = written.remarks
    assert remark.startswith("7-bit signed weights: ")
    assert remark.endswith(" of 96 validation pictures right, 100.0% in float; taken")


def test_where_none_is_the_best_of_a_few_is_taken(source: Source, tmp_path: Path) -> None:
    written = Quantized().write(replace(source, max_drop=-1), tmp_path)
    first, second, *others = written.remarks
    assert first.startswith("7-bit signed weights: ")
    assert second.startswith("8-bit unsigned weights: ")
    assert 1 <= len(others) <= 4
    assert all("in float:" in remark for remark in others)
    (taken,) = (remark for remark in written.remarks if remark.endswith("; taken"))
    shares = [float(remark.partition("%")[0].rpartition(" ")[2]) for remark in written.remarks]
    assert shares[written.remarks.index(taken)] == max(shares)


def test_layers_return_to_float_where_that_helps(source: Source, tmp_path: Path) -> None:
    network = source.network
    images = source.validation.images
    with torch.no_grad():
        expected = network(torch.from_numpy(images)).numpy()
    errors = []
    for drop in (1.0, -1.0):
        (model,) = Quantized().write(replace(source, max_drop=drop), tmp_path).files
        errors.append(np.abs(Quantized().load(model)(images) - expected).mean())
    assert errors[1] < errors[0]


def test_pictures_are_calibrated_by_once(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[int] = []
    collect = MinMaxCalibrater.collect_data
    monkeypatch.setattr(
        MinMaxCalibrater, "collect_data", lambda *given: (run.append(1), collect(*given))[1]
    )
    written = Quantized().write(replace(source, max_drop=-1), tmp_path)
    assert len(written.remarks) > 2
    assert len(run) == 1


def test_the_same_pictures_give_the_same_file(source: Source, tmp_path: Path) -> None:
    first = Quantized().write(source, tmp_path).files[0].read_bytes()
    assert Quantized().write(source, tmp_path).files[0].read_bytes() == first
