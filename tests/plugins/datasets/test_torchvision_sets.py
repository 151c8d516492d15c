"""What is said of the public sets, and those that are kept as arrays: small ones in the forms in
which they are published."""

from __future__ import annotations

import io
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plugins.datasets.public import (
    ARRAYS,
    IN_FILES,
    LIKE_MNIST,
    RNG,
    SETS,
    loaded,
    message,
    random_images,
)

pytestmark = pytest.mark.usefixtures("no_network")


def test_all_sets_of_torchvision_that_we_promise() -> None:
    assert sorted(SETS) == sorted([*ARRAYS, *LIKE_MNIST, *IN_FILES])


def test_what_may_be_mirrored() -> None:
    mirrored = {name for name, known in SETS.items() if known.mirrored}
    assert {known.mirrored for known in SETS.values()} == {True, False}  # nothing to be found out
    assert mirrored == {"cifar10", "cifar100", "stl10", "fashion_mnist", "dtd"}


@pytest.mark.parametrize("name", SETS)
def test_a_summary_has_counts_and_size(name: str) -> None:
    summary = SETS[name].summary
    assert len(summary) <= 90
    assert "," in summary
    assert " + " in summary
    assert "×" in summary or "pixels" in summary


@pytest.mark.parametrize("name", SETS)
def test_without_a_network_the_message_names_folder_and_files(name: str, tmp_path: Path) -> None:
    text = message(name, tmp_path)
    assert text.startswith(f"{name} is not in {tmp_path / name}, or is damaged there, and cannot")
    assert "unreachable" in text
    assert f"put {SETS[name].files} there, which https://" in text.replace("http:", "https:")
    assert text.endswith("or name another folder with --data-dir or SNAS_DATA")
    assert "\n" not in text


ARCHIVES = {
    "cifar10": ("CIFAR10", "filename"),
    "cifar100": ("CIFAR100", "filename"),
    "stl10": ("STL10", "filename"),
    "emnist": ("EMNIST", "url"),
    "dtd": ("DTD", "_URL"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_files_are_those_that_torchvision_looks_for(name: str) -> None:
    from torchvision import datasets

    loader, attribute = ARCHIVES[name]
    published = getattr(getattr(datasets, loader), attribute)
    assert SETS[name].files.rpartition("/")[2] == published.rpartition("/")[2]


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist", "qmnist"])
def test_idx_files_are_those_that_torchvision_looks_for(name: str) -> None:
    from torchvision import datasets

    loader = getattr(datasets, SETS[name].loader)
    resources = loader.resources
    pairs = [*resources["train"], *resources["test"]] if name == "qmnist" else resources
    published = {url.rpartition("/")[2] for url, _ in pairs}
    assert {f"{stem}.gz" for pair in SETS[name].stems.values() for stem in pair} == published


def test_names_of_classes_are_torchvisions() -> None:
    from torchvision import datasets

    assert SETS["fashion_mnist"].class_names == tuple(datasets.FashionMNIST.classes)
    assert SETS["kmnist"].class_names == tuple(datasets.KMNIST.classes)
    balanced = datasets.EMNIST.classes_split_dict["balanced"]
    assert SETS["emnist"].class_names == tuple(balanced)
    assert [len(SETS[name].class_names) for name in ("mnist", "svhn", "stl10")] == [10, 10, 10]


# --- sets that are kept as arrays -----------------------------------------------------------------


class _Python2(pickle.Pickler):
    """Writes arrays as the numpy of 2009 did: some later ones warn of what they then read."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, np.dtype):
            return np.dtype, ("u1", 0, 1), (3, "|", None, None, None, -1, -1, 0)
        return NotImplemented


def pickled(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        _Python2(file, protocol=2).dump(content)


def cifar10(folder: Path) -> tuple[np.ndarray, list[int]]:
    base = folder / "cifar10" / "cifar-10-batches-py"
    images, labels = random_images(20, 3, 32, 32), RNG.integers(0, 10, 20).tolist()
    for i in range(5):
        part = slice(4 * i, 4 * i + 4)
        batch = {"data": images[part].reshape(4, -1), "labels": labels[part]}
        pickled(base / f"data_batch_{i + 1}", batch)
    pickled(base / "test_batch", {"data": images[:3].reshape(3, -1), "labels": labels[:3]})
    pickled(base / "batches.meta", {"label_names": [f"class {i}" for i in range(10)]})
    return images, labels


def cifar100(folder: Path) -> tuple[np.ndarray, list[int]]:
    base = folder / "cifar100" / "cifar-100-python"
    images, labels = random_images(20, 3, 32, 32), RNG.integers(0, 100, 20).tolist()
    for name, count in (("train", 20), ("test", 3)):
        coarse = [label // 5 for label in labels[:count]]
        batch = {"data": images[:count].reshape(count, -1), "coarse_labels": coarse}
        pickled(base / name, {**batch, "fine_labels": labels[:count]})
    names = {"fine_label_names": [f"class {i}" for i in range(100)]}
    pickled(base / "meta", {**names, "coarse_label_names": [f"kind {i}" for i in range(20)]})
    return images, labels


def svhn(folder: Path) -> tuple[np.ndarray, list[int]]:
    """Height and width come first, the pictures last; 0 is called 10."""
    savemat = pytest.importorskip("scipy.io").savemat
    (folder / "svhn").mkdir()
    images, labels = random_images(20, 3, 32, 32), RNG.permutation(20) % 10
    for name, count in (("train", 20), ("test", 3)):
        y = np.where(labels == 0, 10, labels)[:count, None].astype(np.uint8)
        content = {"X": images[:count].transpose(2, 3, 1, 0), "y": y}
        savemat(folder / "svhn" / f"{name}_32x32.mat", content, do_compression=True)
    return images, labels.tolist()


def stl10(folder: Path) -> tuple[np.ndarray, list[int]]:
    """Columns are stored as rows; classes count from 1."""
    base = folder / "stl10" / "stl10_binary"
    base.mkdir(parents=True)
    images, labels = random_images(20, 3, 96, 96), RNG.integers(0, 10, 20)
    for name, count in (("train", 20), ("test", 3)):
        (base / f"{name}_X.bin").write_bytes(images[:count].transpose(0, 1, 3, 2).tobytes())
        (base / f"{name}_y.bin").write_bytes((labels[:count] + 1).astype(np.uint8).tobytes())
    (base / "unlabeled_X.bin").write_bytes(b"")
    return images, labels.tolist()


WRITERS: dict[str, Callable[[Path], tuple[np.ndarray, list[int]]]] = {
    "cifar10": cifar10,
    "cifar100": cifar100,
    "svhn": svhn,
    "stl10": stl10,
}


@pytest.mark.usefixtures("any_sum")
@pytest.mark.parametrize("name", ARRAYS)
def test_sets_of_arrays(name: str, tmp_path: Path) -> None:
    images, labels = WRITERS[name](tmp_path)
    before = sorted(tmp_path.rglob("*"))
    data = loaded(name, tmp_path)
    assert np.array_equal(np.asarray(data.train.images), images.transpose(0, 2, 3, 1))
    assert data.train.labels == labels
    assert data.test is not None
    assert np.array_equal(np.asarray(data.test.images), images[:3].transpose(0, 2, 3, 1))
    assert data.test.labels == labels[:3]
    assert data.val is None
    assert len(data.classes) == (100 if name == "cifar100" else 10)
    assert sorted(tmp_path.rglob("*")) == before  # a folder that is read-only is good enough


@pytest.mark.parametrize("name", ARRAYS)
def test_files_that_are_not_the_genuine_ones_are_not_read(name: str, tmp_path: Path) -> None:
    """Without its sum, a pickle from a stranger could be anything."""
    WRITERS[name](tmp_path)
    assert message(name, tmp_path).startswith(f"{name} is not in {tmp_path / name}, or is damaged")


@pytest.mark.usefixtures("any_sum")
@pytest.mark.filterwarnings("ignore:Python 3.14:DeprecationWarning")
def test_an_archive_that_lies_there_is_unpacked(tmp_path: Path) -> None:
    images, _ = cifar10(tmp_path)
    base = tmp_path / "cifar10"
    archive = str(base / "cifar-10-python")
    shutil.make_archive(archive, "gztar", base, "cifar-10-batches-py")
    shutil.rmtree(base / "cifar-10-batches-py")
    assert len(loaded("cifar10", tmp_path).train.labels) == len(images)


@pytest.mark.usefixtures("any_sum")
def test_an_archive_in_a_folder_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import utils

    folder = tmp_path / "cifar10"
    folder.mkdir()
    (folder / "cifar-10-python.tar.gz").touch()

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system", str(folder / "cifar-10-batches-py"))

    monkeypatch.setitem(utils._ARCHIVE_EXTRACTORS, ".tar", refuse)
    assert message("cifar10", tmp_path) == (
        f"cifar10 is to be unpacked into {folder}, and cannot ({folder}/cifar-10-batches-py: "
        "Read-only file system); free some space and make it writable, or name another folder "
        "with --data-dir or SNAS_DATA"
    )


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stderr", [_Terminal(), io.StringIO()], ids=["terminal", "file"])
def test_torchvision_shows_how_far_it_is_on_a_terminal_only(
    stderr: io.StringIO,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from torchvision.datasets import utils

    def downloading(*_: object) -> None:
        print("Downloading")
        with utils.tqdm(total=2) as bar:
            bar.update(1)
        raise OSError("Network is unreachable")

    monkeypatch.setattr(utils, "_urlretrieve", downloading)
    monkeypatch.setattr(sys, "stderr", stderr)
    message("svhn", tmp_path)
    assert ("Downloading" in stderr.getvalue()) == stderr.isatty()
    assert ("50" in stderr.getvalue()) == stderr.isatty()
    assert capsys.readouterr().out == ""
