"""Splits, statistics and class folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from snas_cli.api import DataRequest, Dataset, LabelledImages, Split
from snas_cli.data.decoding import ImageSet
from snas_cli.data.task_data import TaskData, prepare
from snas_cli.errors import DataError
from snas_cli.recipe.schema import DataSettings
from snas_cli.registry import Registry


class Made(Dataset):
    """Pictures that each carry their own number, so that splits can be told apart."""

    name = "made"
    summary = "for tests"

    def __init__(self, counts: list[int], test: int = 0) -> None:
        self.labels = [label for label, count in enumerate(counts) for _ in range(count)]
        self.classes = tuple(map(str, range(len(counts))))
        self.test = test

    def load(self, request: DataRequest) -> LabelledImages:
        numbers = np.arange(len(self.labels))
        images = np.zeros((len(numbers), 8, 8), dtype=np.uint8)
        images[:, 0, 0], images[:, 0, 1] = numbers % 256, numbers // 256
        test = Split(images[: self.test], self.labels[: self.test]) if self.test else None
        return LabelledImages(self.classes, Split(images, self.labels), test=test)


def made(*counts: int, seed: int = 0, test: int = 0) -> TaskData:
    request = DataRequest(None, Path())
    return prepare(Made(list(counts), test), request, DataSettings(dataset="made"), seed)


def numbers(images: ImageSet) -> list[int]:
    corner = images.images[:, 0, 0, :2].int()
    return [int(value) for value in corner[:, 0] + 256 * corner[:, 1]]


def test_splits_are_stratified_disjoint_and_complete() -> None:
    data = made(300, 100, 10)
    found = [number for split in (data.train, data.val, data.test) for number in numbers(split)]
    assert sorted(found) == list(range(410))
    for split in (data.val, data.test):
        assert torch.bincount(split.labels).tolist() == [60, 20, 2]


def test_splits_depend_on_the_seed_alone() -> None:
    assert made(50, 50).digest() == made(50, 50).digest()
    assert made(50, 50).digest() != made(50, 50, seed=1).digest()


def test_the_smallest_class_has_a_picture_in_each_split() -> None:
    data = made(100, 3)
    for split in (data.train, data.val, data.test):
        assert torch.bincount(split.labels)[1] == 1


def test_a_ready_test_split_is_left_alone() -> None:
    data = made(50, 50, test=10)
    assert numbers(data.test) == list(range(10))
    assert len(data.train) + len(data.val) == 100


def test_statistics_come_from_the_training_split() -> None:
    data = made(100, 100)
    pixels = data.train.images.double() / 255
    assert data.mean[0] == pytest.approx(pixels.mean().item())
    assert data.std[0] == pytest.approx(pixels.std(correction=0).item())


def test_classes_that_are_too_small_are_named() -> None:
    with pytest.raises(DataError, match="class '1' has 2 pictures"):
        made(10, 2)
    with pytest.raises(DataError, match="at least 2 classes, not 1"):
        made(10)


def test_real_class_folders(registry: Registry, tmp_path: Path) -> None:
    """train and test beside each other, a hidden file, a text file, unicode and nested folders."""
    for split in ("train", "test"):
        for label in ("schön", "日本"):
            folder = tmp_path / split / label / "deeper"
            folder.mkdir(parents=True)
            for i in range(5):
                Image.new("L", (9, 9), i).save(folder / f"{i}.PNG")
            (folder / ".hidden.png").write_text("not a picture")
            (folder / "notes.txt").write_text("nor this")
    data = registry.dataset("folder").load(DataRequest(tmp_path, tmp_path))
    assert data.classes == ("schön", "日本")
    assert data.test is not None
    assert len(data.train.images) == len(data.test.images) == 10
    assert data.val is None


def test_a_class_that_only_the_test_split_has_is_named(registry: Registry, tmp_path: Path) -> None:
    for name in ("train/cat", "train/dog", "test/cat", "test/emu"):
        (tmp_path / name).mkdir(parents=True)
        Image.new("L", (9, 9)).save(tmp_path / name / "0.png")
    with pytest.raises(DataError, match="classes without training pictures: emu"):
        registry.dataset("folder").load(DataRequest(tmp_path, tmp_path))


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_genuine_sets_are_read_whole(
    registry: Registry, real_data: Path, tmp_path: Path, name: str
) -> None:
    import shutil

    shutil.copytree(real_data / name, tmp_path / name)
    data = registry.dataset(name).load(DataRequest(None, tmp_path))
    assert data.test is not None
    assert np.asarray(data.train.images).shape == (60_000, 28, 28)
    assert np.asarray(data.test.images).shape == (10_000, 28, 28)
    assert np.bincount(data.test.labels).min() > 800
    assert len(data.classes) == 10


def test_without_a_network_the_message_names_folder_and_files(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.datasets import utils

    def no_network(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(utils, "_urlretrieve", no_network)
    with pytest.raises(DataError, match=r"cifar10 is not in .*cifar-10-python\.tar\.gz.*SNAS_DATA"):
        registry.dataset("cifar10").load(DataRequest(None, tmp_path))
