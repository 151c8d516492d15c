"""What is exported is compared with the network, and one format's failure is that format's."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from snas_plugins.exporters.onnx import Onnx
from snas_plugins.exporters.python import Python
from torch import Tensor, nn

from snas_cli.api import Exporter, ExportError, ModelCard, Runtime, Sample, Source, Written
from snas_cli.errors import RunError
from snas_cli.export.documents import read_report, readme, report, write_documents
from snas_cli.export.exporting import Exported, Material, Options, export, faults
from snas_cli.export.sources import Preprocessed, Shared, available, bare_source
from snas_cli.registry import Registry
from snas_cli.testing.exporters import CARD
from snas_cli.testing.networks import small_network


class Shifted(nn.Module):
    """The network, with another answer."""

    def __init__(self, network: nn.Module, shift: float) -> None:
        super().__init__()
        self.network, self.shift = network, shift

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images)
        return logits * torch.tensor([1.0, 1.0, -1.0]) + self.shift


class Wrong(Python):
    """Writes another network than it was given."""

    def write(self, source: Source, folder: Path) -> Written:
        other = replace(source, network=Shifted(source.network, 1.0).eval())
        return super().write(other, folder)


class Lossy(Wrong):
    lossless = False


class Crashing(Python):
    def write(self, source: Source, folder: Path) -> Written:
        written = super().write(source, folder)
        written.files[0].write_text("import os\nos.abort()\n")
        return Written(written.files, ("it was made to crash",))


class Failing(Exporter):
    name = "failing"
    summary = "never writes"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def write(self, source: Source, folder: Path) -> Written:
        (folder / "half").write_text("half")
        raise self.error

    def load(self, model: Path) -> Runtime:
        raise NotImplementedError

    def available(self) -> str | None:
        return "pip install 'snas[failing]'"


@pytest.fixture(scope="module")
def material() -> Material:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = small_network().eval()
        images = torch.randn(40, *CARD.input_shape)
        with torch.no_grad():
            labels = network(images).argmax(1)
    sample = Sample(images.numpy(), labels.numpy())
    return Material(network, CARD, sample, sample, sample, 50)


@pytest.fixture
def run(registry: Registry, material: Material, tmp_path: Path) -> Callable[..., list[Exported]]:
    def exported(*exporters: Exporter, options: Options | None = None) -> list[Exported]:
        folder = tmp_path / "export"
        return export(exporters, registry.exporter, material, folder, options or Options())

    return exported


def test_sound_files_come_with_all_numbers(
    run: Callable[..., list[Exported]], material: Material, tmp_path: Path
) -> None:
    results = run(Python(), Onnx())
    assert [each.file for each in results] == ["python/model.py", "onnx/model.onnx"]
    for each in results:
        assert (each.agreement, each.accuracy, each.sound, each.pictures) == (1, 1, True, 40)
        assert each.latency_ratio is not None
        assert each.error is each.not_checked is None
    assert results[1].latency_ratio == 1
    assert not faults(results, 0.01)
    folder = tmp_path / "export"
    assert sorted(path.name for path in folder.iterdir()) == ["onnx", "python"]
    document = report(results, material, Options())
    write_documents(folder, document, CARD)
    assert read_report(folder) == json.loads(json.dumps(document))
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "    python onnx/predict_onnx.py PICTURE" in text
    assert "    python python/model.py PICTURE" in text
    assert (folder / "onnx" / "predict_onnx.py").is_file()
    assert str(tmp_path) not in text + json.dumps(document)


def test_a_lossless_format_that_differs_is_unsound(run: Callable[..., list[Exported]]) -> None:
    results = run(Wrong())
    assert results[0].sound is False
    (fault,) = faults(results, 0.01)
    assert fault.startswith("python/model.py does not compute what the network does: logits differ")


def test_a_lossy_format_may_lose_so_much(run: Callable[..., list[Exported]]) -> None:
    (strict,) = run(Lossy())
    assert strict.drop > 0.01
    (fault,) = faults([strict], 0.01)
    assert "more than --max-drop 0.01 apart: raise it" in fault
    (lenient,) = run(Lossy(), options=Options(max_drop=1.0))
    assert lenient.sound is True
    assert not faults([lenient], 1.0)


def test_a_format_that_fails_stops_no_other(
    run: Callable[..., list[Exported]], tmp_path: Path
) -> None:
    results = run(Crashing(), Failing(ExportError("failing: no such layer")), Onnx())
    assert [each.sound for each in results] == [False, None, True]
    assert results[0].remarks == ("it was made to crash",)
    crash, failure = faults(results, 0.01)
    assert "python/model.py cannot be run: the process that ran it was ended by SIGABRT" in crash
    assert failure == "failing: no such layer"
    assert sorted(path.name for path in (tmp_path / "export").iterdir()) == ["onnx", "python"]


def test_a_plugins_own_mistake_is_told(run: Callable[..., list[Exported]]) -> None:
    (result,) = run(Failing(ZeroDivisionError("by nothing")))
    assert result.error == "failing: ZeroDivisionError: by nothing"


def test_a_full_disk_ends_it(run: Callable[..., list[Exported]], tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(RunError, match="No space left on device; make room there"):
        run(Failing(full))
    assert not list((tmp_path / "export").iterdir())


def test_a_folder_that_cannot_be_made(run: Callable[..., list[Exported]], tmp_path: Path) -> None:
    (tmp_path / "export").write_text("a file")
    with pytest.raises(RunError, match=r"cannot write .*export: .*--output"):
        run(Onnx())


def test_pixels_are_normalised_by_the_network(material: Material) -> None:
    pixels = torch.randint(0, 256, (5, *CARD.input_shape), dtype=torch.uint8)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (CARD.mean, CARD.std))
    with torch.no_grad():
        expected = material.network((pixels / 255 - mean) / std)
        actual = Preprocessed(material.network, CARD)(pixels)
    np.testing.assert_allclose(actual, expected, atol=1e-6)


def test_what_is_shared_is_written_once() -> None:
    asked: list[str] = []

    def write(name: str) -> Path:
        asked.append(name)
        if name == "bad":
            raise ExportError("bad: cannot")
        return Path(name)

    shared = Shared(write)
    assert shared("good") == shared("good") == Path("good")
    for _ in range(2):
        with pytest.raises(ExportError, match="bad: cannot"):
            shared("bad")
    assert asked == ["good", "bad"]


def test_what_is_not_installed_is_named() -> None:
    failing = Failing(ExportError("never"))
    able, missing = available({"onnx": Onnx(), "failing": failing})
    assert [each.name for each in able] == ["onnx"]
    assert missing == {"failing": "pip install 'snas[failing]'"}
    with pytest.raises(ExportError, match="no file of the format 'onnx'"):
        bare_source(nn.Flatten(), CARD).model_by("onnx")


def test_readme_has_strangers_names_as_text(material: Material) -> None:
    card = ModelCard({"family": "cnn"}, (1, 8, 8), ("<b>", "a|b"), (0.5,), (0.5,))
    not_run = Exported(
        "coreml", "coreml/m", size_bytes=9, seconds=1.0, not_checked="on macOS alone"
    )
    text = readme(report([not_run], material, Options()), card)
    assert "- 0: \\<b\\>\n- 1: a\\|b" in text
    assert "Not checked: on macOS alone." in text


@pytest.mark.parametrize("content", ["[]", "{}"])
def test_an_export_of_another_form_is_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(RunError, match="write the files with: snas export"):
        read_report(tmp_path)
    (tmp_path / "export.json").write_text(content)
    with pytest.raises(RunError, match=r"damaged: .*write the files anew: snas export"):
        read_report(tmp_path)


def test_an_export_names_files_of_its_own_alone(tmp_path: Path) -> None:
    document = {"input_shape": [1, 8, 8], "classes": ["a"], "pixels": False,
                "weights": "", "mean": [], "std": [], "pictures": 0, "outdated": [],
                "exports": [{"format": "torchscript", "file": "../../elsewhere.pt"}]}  # fmt: skip
    (tmp_path / "export.json").write_text(json.dumps(document))
    with pytest.raises(RunError, match="outside of its folder"):
        read_report(tmp_path)


def test_logits_that_are_no_numbers_are_unsound() -> None:
    values: dict[str, Any] = {"file": "a/b", "sound": False, "largest_difference": None}
    assert faults([Exported("a", **values)], 0.01) == [
        "a/b answers with what are no numbers; do not use it"
    ]
