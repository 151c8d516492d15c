"""The ONNX exporter: parity, metadata, and nothing in the file that should not be."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from snas_plugins.exporters.onnx import Onnx
from torch import Tensor, nn

from snas_cli.api import ExportError, ModelCard
from snas_cli.export.sources import Preprocessed, bare_source


@pytest.fixture(scope="module")
def model(network: nn.Module, card: ModelCard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    files = Onnx().write(bare_source(network, card), folder).files
    assert files == [folder / "model.onnx"] == list(folder.iterdir())
    return files[0]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_logits_are_the_networks(
    model: Path, network: nn.Module, card: ModelCard, count: int
) -> None:
    images = torch.randn(count, *card.input_shape, generator=torch.Generator().manual_seed(count))
    with torch.inference_mode():
        expected = network(images).numpy()
    logits = Onnx().load(model)(images.numpy())
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)


def test_metadata_is_the_card(model: Path, card: ModelCard) -> None:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata.pop("producer").startswith("snas ")
    assert {name: json.loads(text) for name, text in metadata.items()} == {
        "architecture": card.architecture,
        "classes": list(card.classes),
        "mean": list(card.mean),
        "std": list(card.std),
        "input_shape": list(card.input_shape),
        "pixels": False,
    }


def test_input_and_output_are_named_and_the_batch_is_free(model: Path, card: ModelCard) -> None:
    graph = onnx.load(model).graph
    (images,), (logits,) = graph.input, graph.output
    assert (images.name, logits.name) == ("images", "logits")
    axes = images.type.tensor_type.shape.dim
    assert axes[0].dim_param == "batch"
    assert tuple(axis.dim_value for axis in axes[1:]) == card.input_shape
    assert logits.type.tensor_type.shape.dim[0].dim_param == "batch"


def test_nothing_tells_where_it_was_made(model: Path) -> None:
    data = model.read_bytes()
    for trace in (str(Path.cwd()), str(Path(torch.__file__).parents[1]), sys.prefix, ".py"):
        assert trace.encode() not in data
    assert not any(node.metadata_props for node in onnx.load(model).graph.node)


def test_network_stays_as_it_was(network: nn.Module, card: ModelCard, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    Onnx().write(bare_source(network, card), tmp_path)
    assert not network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


class Undecided(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images if images.sum() > 0 else -images


class Spectral(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return torch.linalg.eigvals(images).real


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Undecided(), r"onnx: the network cannot be recorded: .*data-dependent"),
        (Spectral(), r"onnx: Failed to convert the exported program .*linalg_eig"),
    ],
    ids=["traced", "converted"],
)
def test_failure_names_step_and_cause(
    network: nn.Module, message: str, card: ModelCard, tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with pytest.raises(ExportError, match=message) as caught:
        Onnx().write(bare_source(network.eval(), card), tmp_path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == logging.NOTSET
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [None, b"", b"not a model" * 9], ids=["no", "empty", "other"])
def test_unusable_file_is_an_export_error(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ExportError, match=r"model\.onnx: ONNX Runtime cannot load it"):
        Onnx().load(path)


@pytest.mark.parametrize("pixels", [False, True], ids=["normalised", "pixels"])
def test_example_classifies_a_picture_by_itself(
    network: nn.Module, card: ModelCard, tmp_path: Path, pixels: bool
) -> None:
    card = replace(card, pixels=pixels)
    used = Preprocessed(network, card).eval() if pixels else network
    Onnx().write(bare_source(used, card), tmp_path)
    script = tmp_path / "predict_onnx.py"
    script.write_text(Onnx().example(card), encoding="utf-8")
    pixel_values = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    Image.fromarray(pixel_values).save(tmp_path / "picture.png")
    command = [sys.executable, "-I", script, "picture.png"]
    ended = subprocess.run(
        command, cwd=tmp_path, capture_output=True, check=False, text=True, encoding="utf-8"
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    images = torch.from_numpy(pixel_values).permute(2, 0, 1)[None]
    with torch.inference_mode():
        shares = Preprocessed(network, card).eval()(images).softmax(1)[0]
    best = shares.topk(5)
    assert ended.stdout.splitlines() == [
        f"{share:6.1%}  {card.classes[index]}"
        for share, index in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    ]


def test_opset_is_the_one_asked_for(network: nn.Module, card: ModelCard, tmp_path: Path) -> None:
    source = replace(bare_source(network, card), opset=18)
    model = onnx.load(Onnx().write(source, tmp_path).files[0])
    assert [each.version for each in model.opset_import if not each.domain] == [18]
