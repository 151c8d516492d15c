"""Public sets in the form of MNIST: small ones as they are published, and the genuine ones."""

from __future__ import annotations

import gzip
import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.plugins.datasets.public import LIKE_MNIST, RNG, SETS, loaded, message, random_images

pytestmark = pytest.mark.usefixtures("no_network")


def idx(path: Path, array: np.ndarray) -> None:
    """Written big-endian; compressed where the name says so."""
    code = {"u": 0x08, "i": 0x0C}[array.dtype.kind]
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    data = header + array.astype(array.dtype.newbyteorder(">")).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def idx_set(name: str, folder: Path, end: str = ".gz") -> tuple[np.ndarray, np.ndarray]:
    """20 training and 3 test pictures, as they should be read."""
    known = SETS[name]
    classes = len(known.class_names)
    images, labels = random_images(20, 28, 28), RNG.integers(0, classes, 20).astype(np.uint8)
    labels[0] = classes - 1
    for split, count in (("train", 20), ("test", 3)):
        stored, told = images[:count], labels[:count]
        if name == "emnist":
            stored = stored.transpose(0, 2, 1)
        if name == "qmnist":
            told = np.full((count, 8), 77, dtype=np.int32)
            told[:, 0] = labels[:count]
        for stem, array in zip(known.stems[split], (stored, told), strict=True):
            idx(folder / name / known.loader / "raw" / f"{stem}{end}", array)
    return images, labels


@pytest.mark.parametrize("end", [".gz", ""], ids=["compressed", "unpacked"])
@pytest.mark.parametrize("name", LIKE_MNIST)
def test_sets_in_the_form_of_mnist(name: str, end: str, tmp_path: Path) -> None:
    images, labels = idx_set(name, tmp_path, end)
    before = sorted(tmp_path.rglob("*"))
    data = loaded(name, tmp_path)
    assert np.array_equal(np.asarray(data.train.images), images)
    assert data.train.labels == labels.tolist()
    assert data.test is not None
    assert np.array_equal(np.asarray(data.test.images), images[:3])
    assert data.test.labels == labels[:3].tolist()
    assert data.val is None
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", LIKE_MNIST)
def test_they_are_read_as_torchvision_reads_them(name: str, tmp_path: Path) -> None:
    """Pictures as PIL gets them, and their labels."""
    from torchvision import datasets

    idx_set(name, tmp_path, end="")
    known = SETS[name]
    if name not in ("qmnist", "emnist"):
        assert set(known.options) == set()
    theirs = getattr(datasets, known.loader)(tmp_path / name, train=False, **known.options)
    ours = loaded(name, tmp_path).test
    assert ours is not None
    picture, label = theirs[1]
    stored = np.asarray(picture)
    assert np.array_equal(np.asarray(ours.images)[1], stored.T if name == "emnist" else stored)
    assert ours.labels[1] == label


@pytest.mark.usefixtures("any_sum")
def test_what_torchvision_downloads_is_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import utils

    images, _ = idx_set("kmnist", tmp_path / "server")
    server = tmp_path / "server" / "kmnist" / "KMNIST" / "raw"

    def retrieve(url: str, filename: str) -> None:
        shutil.copy(server / url.rpartition("/")[2], filename)

    monkeypatch.setattr(utils, "_urlretrieve", retrieve)
    assert np.array_equal(np.asarray(loaded("kmnist", tmp_path).train.images), images)


@pytest.mark.usefixtures("any_sum")
def test_the_archive_of_emnist_is_unpacked(tmp_path: Path) -> None:
    images, _ = idx_set("emnist", tmp_path)
    raw = tmp_path / "emnist" / "EMNIST" / "raw"
    with zipfile.ZipFile(raw / "gzip.zip", "w") as archive:
        for path in sorted(raw.glob("*.gz")):
            archive.write(path, f"gzip/{path.name}")
            path.unlink()
    assert np.array_equal(np.asarray(loaded("emnist", tmp_path).train.images), images)


def test_files_that_are_damaged_or_others(tmp_path: Path) -> None:
    idx_set("mnist", tmp_path)
    raw = tmp_path / "mnist" / "MNIST" / "raw"
    path = raw / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    again = "; delete it, and it is downloaded again"
    for damaged in (whole[:-20], b"", whole[:40] + b"\0\0\0" + whole[43:], b"<html>"):
        path.write_bytes(damaged)
        text = message("mnist", tmp_path)
        assert text.startswith(f"{path} is damaged (")
        assert text.endswith(again)
    data = gzip.decompress(whole)
    path.write_bytes(gzip.compress(data[:-1]))
    assert message("mnist", tmp_path).startswith(f"{path} is damaged (")
    path.write_bytes(gzip.compress(b"\0\0\x08\x01" + data[4:]))
    kind = f"{path} is no IDX file of that kind: it begins with 00 00 08 01"
    assert message("mnist", tmp_path) == kind
    idx(path, random_images(21, 28, 28))
    together = "labels and pictures of train do not belong together"
    assert f"mnist in {raw} is not whole: {together}; take {raw} away" in message("mnist", tmp_path)
    path.write_bytes(whole)
    idx(raw / "t10k-labels-idx1-ubyte.gz", np.array([0, 1, 10], dtype=np.uint8))
    assert "labels and pictures of test do not belong" in message("mnist", tmp_path)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_genuine_sets_are_read_where_they_are(name: str, real_data: Path) -> None:
    """Their folder is read-only, and stays as it is."""
    before = sorted(real_data.glob(f"{name}/**/*"))
    data = loaded(name, real_data)
    assert data.test is not None
    assert np.asarray(data.train.images).shape == (60_000, 28, 28)
    assert np.asarray(data.test.images).shape == (10_000, 28, 28)
    assert np.bincount(data.test.labels).min() > 800
    assert len(data.classes) == 10
    assert sorted(real_data.glob(f"{name}/**/*")) == before


def test_the_first_genuine_digits(real_data: Path) -> None:
    data = loaded("mnist", real_data)
    assert list(data.train.labels[:10]) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    images = np.asarray(data.train.images)
    assert images.mean() / 255 == pytest.approx(0.1307, abs=1e-4)  # as published everywhere
