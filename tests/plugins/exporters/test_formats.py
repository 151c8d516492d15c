"""The formats beside ONNX and Python: parity, the card, example scripts, and nothing in a file that
tells where it was made."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from snas_plugins.exporters import _tracing
from snas_plugins.exporters.coreml import CoreMl
from snas_plugins.exporters.executorch import ExecuTorch, ExecuTorchInt8
from snas_plugins.exporters.mobile import Mobile
from snas_plugins.exporters.onnx import Onnx
from snas_plugins.exporters.pt2 import Pt2
from snas_plugins.exporters.quantized import Quantized
from snas_plugins.exporters.torchscript import TorchScript
from torch import Tensor, nn

from snas_cli.api import Exporter, ExportError, ModelCard, NotRunHereError, Sample, Source, Task
from snas_cli.export.sources import bare_source
from snas_cli.recipe.resolve import own_space
from snas_cli.registry import Registry
from snas_cli.testing import check_component
from tests.builtin import FAMILIES

ALWAYS = [TorchScript(), Pt2(), Mobile(), Quantized()]
LOSSLESS = [exporter for exporter in ALWAYS if exporter.lossless]
EXTRAS = [ExecuTorch(), ExecuTorchInt8(), CoreMl()]
REGISTRY = Registry.installed()


def name_of(exporter: Exporter) -> str:
    return exporter.name


def skip_unless_there(exporter: Exporter) -> None:
    if missing := exporter.available():
        pytest.skip(f"{exporter.name} is not installed: {missing}")


def source_of(network: nn.Module, card: ModelCard, folder: Path) -> Source:
    """Noise for pictures, labelled as the network says."""
    images = torch.randn(96, *card.input_shape, generator=torch.Generator().manual_seed(3))
    if card.pixels:
        images = (images * 40 + 128).clamp(0, 255).to(torch.uint8)
    with torch.no_grad():
        sample = Sample(images.numpy(), network(images).argmax(1).numpy())
    models: dict[str, Path] = {}

    def model_by(name: str) -> Path:
        assert name == "onnx"
        if not models:
            folder.mkdir(exist_ok=True)
            models[name] = Onnx().write(source, folder).files[0]
        return models[name]

    source = Source(network, card, sample, sample, model_by)
    return source


@dataclass(frozen=True)
class Case:
    exporter: Exporter
    source: Source
    model: Path


@pytest.fixture(scope="module")
def source(network: nn.Module, card: ModelCard, tmp_path_factory: pytest.TempPathFactory) -> Source:
    return source_of(network, card, tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module", params=ALWAYS, ids=name_of)
def case(
    request: pytest.FixtureRequest, source: Source, tmp_path_factory: pytest.TempPathFactory
) -> Case:
    folder = tmp_path_factory.mktemp("export")
    exporter = request.param
    written = exporter.write(source, folder)
    assert written.files == list(folder.iterdir())  # one file
    assert written.files[0].suffix == exporter.suffix
    return Case(exporter, source, written.files[0])


@pytest.mark.parametrize("exporter", ALWAYS, ids=name_of)
def test_conformance(exporter: Exporter, tmp_path: Path) -> None:
    check_component("exporter", exporter, tmp_path)


@pytest.mark.parametrize("count", [1, 2, 33])
def test_logits_are_the_networks(case: Case, count: int) -> None:
    images = case.source.validation.images[:count]
    with torch.inference_mode():
        expected = case.source.network(torch.from_numpy(images)).numpy()
    logits = case.exporter.load(case.model)(images)
    assert logits.dtype == np.float32
    tolerance = 1e-5 if case.exporter.lossless else 0.1 * np.abs(expected).max()
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=tolerance)


def contents(model: Path) -> Iterator[bytes]:
    """The file, or the members of an archive with their names; but for the names of TorchScript's
    own files of code."""
    if not zipfile.is_zipfile(model):
        yield model.read_bytes()
        return
    with zipfile.ZipFile(model) as archive:
        for name in archive.namelist():
            yield archive.read(name)
            yield re.sub(r"^[^/]+/code/__torch__/.*\.py$", "", name).encode()


def test_nothing_tells_where_it_was_made(case: Case) -> None:
    places = (str(Path.cwd()), str(Path(torch.__file__).parents[1]), sys.prefix, str(Path.home()))
    for data in contents(case.model):
        assert not any(place.encode() in data for place in places)
        assert not re.search(rb"\w\.py\b", data.replace(b"org.pytorch", b""))


def test_network_stays_as_it_was(case: Case) -> None:
    network = case.source.network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images = torch.from_numpy(case.source.validation.images)
    with torch.inference_mode():
        logits = network(images)
        case.exporter.write(case.source, case.model.parent)
        assert torch.equal(network(images), logits)
    assert not any(part.training for part in network.modules())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_the_terminal_stays_clean(case: Case, capfd: pytest.CaptureFixture[str]) -> None:
    case.exporter.write(case.source, case.model.parent)
    case.exporter.load(case.model)(case.source.validation.images[:1])
    assert capfd.readouterr() == ("", "")


def test_no_pictures_lie_in_the_file(network: nn.Module, card: ModelCard, tmp_path: Path) -> None:
    source = source_of(network, card, tmp_path / "shared")
    (model,) = Pt2().write(source, tmp_path).files
    with zipfile.ZipFile(model) as archive:
        entries = {entry.filename: entry.file_size for entry in archive.infolist()}
    assert [size for name, size in entries.items() if "sample_inputs" in name] in ([], [0])


# --- example scripts ------------------------------------------------------------------------------


def predicted(exporter: Exporter, card: ModelCard, model: Path, photo: Path) -> list[str]:
    """What the script prints in a process that finds none of our code, one line a class."""
    script = model.with_name(f"predict_{exporter.name}.py")
    script.write_text(exporter.example(card) or "", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-I", "-W", "error::SyntaxWarning", script, photo],
        capture_output=True, check=False, cwd=photo.parent, encoding="utf-8",
        env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def take_photo(path: Path) -> np.ndarray:
    """A picture on the disk, and its pixels as 3×12×12, as the recipes of snas read it."""
    pixels = np.random.default_rng(5).integers(0, 256, (9, 17, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    with Image.open(path) as picture:
        small = picture.resize((12, 12), Image.Resampling.BILINEAR, reducing_gap=3)
    return np.asarray(small).transpose(2, 0, 1)[None].copy()


def test_example_names_the_five_likeliest(case: Case, tmp_path: Path) -> None:
    card = case.source.card
    pixels = take_photo(tmp_path / "photo.png")
    lines = predicted(case.exporter, card, case.model, tmp_path / "photo.png")
    mean, std = (np.reshape(values, (1, 3, 1, 1)) for values in (card.mean, card.std))
    images = np.ascontiguousarray((pixels / 255 - mean) / std, np.float32)
    shares = torch.from_numpy(case.exporter.load(case.model)(images)).softmax(1)[0]
    best = shares.topk(5)
    assert lines == [
        f"{share:6.1%}  {card.classes[index]}"
        for share, index in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    ]


class FromPixels(nn.Module):
    """Normalisation, a convolution, a head: uint8 to logits."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 7)
        )

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.layers((images / 255 - 0.5) / 0.25)
        return logits


@pytest.mark.parametrize("exporter", ALWAYS, ids=name_of)
def test_networks_that_take_pixels(exporter: Exporter, card: ModelCard, tmp_path: Path) -> None:
    torch.manual_seed(2)
    network = FromPixels().eval()
    source = source_of(network, replace(card, pixels=True), tmp_path / "shared")
    (model,) = exporter.write(source, tmp_path).files
    pixels = take_photo(tmp_path / "photo.png")
    assert pixels.dtype == np.uint8
    with torch.no_grad():
        expected = network(torch.from_numpy(pixels)).numpy()
    actual = exporter.load(model)(pixels)
    np.testing.assert_allclose(actual, expected, atol=1e-5 if exporter.lossless else 0.05)
    lines = predicted(exporter, source.card, model, tmp_path / "photo.png")
    assert lines[0].endswith(card.classes[actual.argmax()])


# --- every family ---------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family(family: str, tmp_path: Path) -> None:
    task = Task((3, 18, 22), 4)
    space = own_space(REGISTRY.family(family))
    smallest, _ = space.extremes(family)
    genes = space.mutate(smallest, Random(1), 0.3).genes.replace(batch_norm=True)
    genes = genes.replace(layers=genes["layers"][:2])
    torch.manual_seed(0)
    network = REGISTRY.family(family).build(genes, task).eval()
    card = ModelCard({"family": family}, task.input_shape, tuple("abcd"), (0.5,) * 3, (0.5,) * 3)
    source = source_of(network, card, tmp_path / "shared")
    images = source.validation.images
    with torch.no_grad():
        expected = network(torch.from_numpy(images)).numpy()
    for exporter in LOSSLESS:
        model = exporter.write(source, tmp_path).files[0]
        actual = exporter.load(model)(images)
        assert np.abs(actual - expected).max() < 1e-4 * max(np.abs(expected).max(), 1), exporter
    written = Quantized().write(source, tmp_path)
    actual = Quantized().load(written.files[0])(images)
    assert (actual.argmax(1) == expected.argmax(1)).mean() > 0.8, written.remarks


# --- what cannot be written or read ---------------------------------------------------------------


class Undecided(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return torch.flatten(images if images.sum() > 0 else -images, 1)[:, :7]


def test_what_depends_on_pixels_is_an_export_error(card: ModelCard, tmp_path: Path) -> None:
    images = np.zeros((1, *card.input_shape), np.float32)
    sample = Sample(images, np.zeros(1, np.int64))
    source = Source(Undecided().eval(), card, sample, sample, Path)
    with pytest.raises(ExportError, match=r"pt2: the network cannot be recorded: .*") as caught:
        Pt2().write(source, tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("exporter", ALWAYS, ids=name_of)
@pytest.mark.parametrize("content", [None, b"", b"not a model" * 9], ids=["no", "empty", "other"])
def test_unusable_file_is_an_export_error(
    exporter: Exporter, content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / f"model{exporter.suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ExportError, match=rf"model\{exporter.suffix}: .*cannot load it") as caught:
        exporter.load(path)
    assert "\n" not in str(caught.value)


# --- formats of the extras ------------------------------------------------------------------------


@pytest.mark.parametrize("exporter", EXTRAS, ids=name_of)
def test_what_to_install(exporter: Exporter) -> None:
    extra = "coreml" if exporter.name == "coreml" else "mobile"
    assert exporter.available() in (None, f"pip install 'snas[{extra}]'")


@pytest.mark.slow
@pytest.mark.parametrize("exporter", EXTRAS[:2], ids=name_of)
def test_executorch(
    exporter: Exporter, source: Source, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    skip_unless_there(exporter)
    (model,) = exporter.write(source, tmp_path).files
    images = source.validation.images
    with torch.no_grad():
        expected = source.network(torch.from_numpy(images)).numpy()
    actual = exporter.load(model)(images)
    tolerance = 1e-4 if exporter.lossless else 0.1 * np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, atol=tolerance)
    assert capfd.readouterr() == ("", "")
    assert not re.search(rb"\w\.py\b", model.read_bytes())
    take_photo(tmp_path / "photo.png")
    assert len(predicted(exporter, source.card, model, tmp_path / "photo.png")) == 5


def test_core_ml_is_written_and_never_said_to_be_checked(source: Source, tmp_path: Path) -> None:
    exporter = CoreMl()
    skip_unless_there(exporter)
    (package,) = exporter.write(source, tmp_path).files
    for file in filter(Path.is_file, package.rglob("*")):
        assert str(Path.cwd()).encode() not in file.read_bytes()
    with pytest.raises(NotRunHereError, match="only macOS and iOS can run it"):
        exporter.load(package)


def test_the_forward_pass_is_recorded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what one format makes of the recording changes no other's."""
    card = ModelCard({}, (3, 8, 8), ("a", "b"), (0.0,) * 3, (1.0,) * 3)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 2)).eval()
    recordings = []
    record = _tracing.exported

    def counting(*given: Any, **named: Any) -> Any:
        recordings.append(given)
        return record(*given, **named)

    monkeypatch.setattr(_tracing, "exported", counting)
    written: dict[str, bytes] = {}
    for order in ("onnx pt2 onnx", "pt2 onnx pt2"):
        source = bare_source(network, card)
        for name in order.split():
            written.setdefault(name, _content(REGISTRY.exporter(name), source, tmp_path))
            assert written[name] == _content(REGISTRY.exporter(name), source, tmp_path)
    assert len(recordings) == 2


def _content(exporter: Exporter, source: Source, folder: Path) -> bytes:
    """Of the model; of an archive, what is in it."""
    model = exporter.write(source, folder).files[0]
    if not zipfile.is_zipfile(model):
        return model.read_bytes()
    with zipfile.ZipFile(model) as archive:
        return b"".join(archive.read(name) for name in sorted(archive.namelist()))
