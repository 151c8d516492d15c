"""Splits, statistics and class folders."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from snas_cli.api import DataRequest, Dataset, LabelledImages, Split
from snas_cli.data.store import ImageSet
from snas_cli.data.task_data import Kept, TaskData, prepare
from snas_cli.errors import DataError
from snas_cli.recipe.schema import DataSettings


class Made(Dataset):
    """Pictures that each carry their own number, so that splits can be told apart."""

    name = "made"
    summary = "for tests"

    def __init__(self, counts: list[int], test: int = 0, groups: list[str] | None = None) -> None:
        self.labels = [label for label, count in enumerate(counts) for _ in range(count)]
        self.classes = tuple(map(str, range(len(counts))))
        self.test = test
        self.groups = groups

    def load(self, request: DataRequest) -> LabelledImages:
        numbers = np.arange(len(self.labels))
        images = np.zeros((len(numbers), 8, 8), dtype=np.uint8)
        images[:, 0, 0], images[:, 0, 1] = numbers % 256, numbers // 256
        test = Split(images[: self.test], self.labels[: self.test]) if self.test else None
        return LabelledImages(self.classes, Split(images, self.labels, self.groups), test=test)


CACHE = Path(os.environ["SNAS_CACHE"])


def made(*counts: int, seed: int = 0, test: int = 0) -> TaskData:
    request, settings = DataRequest(None, Path()), DataSettings(dataset="made")
    return prepare(Made(list(counts), test), request, settings, seed, Kept(CACHE))


def pixels(images: ImageSet) -> torch.Tensor:
    return torch.cat([batch for batch, _ in images.in_order()])


def numbers(images: ImageSet) -> list[int]:
    corner = pixels(images)[:, 0, 0, :2].int()
    return [int(value) for value in corner[:, 0] + 256 * corner[:, 1]]


def test_splits_are_stratified_disjoint_and_complete() -> None:
    data = made(300, 100, 10)
    found = [number for split in (data.train, data.val, data.test) for number in numbers(split)]
    assert sorted(found) == list(range(410))
    for split in (data.val, data.test):
        assert torch.bincount(split.labels).tolist() == [60, 20, 2]


def test_splits_of_an_earlier_time_are_kept_and_must_be_whole() -> None:
    rows = {name: split.rows.numpy() for name, split in made(50, 50).splits.items()}
    request, settings = DataRequest(None, Path()), DataSettings(dataset="made")
    again = prepare(Made([50, 50]), request, settings, 1, Kept(CACHE, rows))
    assert again.digest() == made(50, 50).digest()
    with pytest.raises(DataError, match="10 of the pictures that the run was made with are not"):
        prepare(Made([50, 40]), request, settings, 0, Kept(CACHE, rows))


def test_splits_depend_on_the_seed_alone() -> None:
    assert made(50, 50).digest() == made(50, 50).digest()
    assert made(50, 50).digest() != made(50, 50, seed=1).digest()


def test_the_smallest_class_has_a_picture_in_each_split() -> None:
    data = made(100, 3)
    for split in (data.train, data.val, data.test):
        assert torch.bincount(split.labels)[1] == 1


def grouped(groups: list[str], *counts: int, test: int = 0) -> TaskData:
    request, settings = DataRequest(None, Path()), DataSettings(dataset="made")
    return prepare(Made(list(counts), test, groups), request, settings, 0, Kept(CACHE))


@pytest.mark.parametrize("test", [0, 10])
def test_pictures_of_a_group_are_in_one_split(test: int) -> None:
    data = grouped([f"film {i // 5}" for i in range(100)], 50, 50, test=test)
    films = [{number // 5 for number in numbers(part)} for part in (data.train, data.val)]
    assert films[0]
    assert films[1]
    assert not films[0] & films[1]


def test_groups_that_are_too_few() -> None:
    with pytest.raises(DataError, match="the groups of pictures leave none to choose by: there"):
        grouped(["one"] * 40, 20, 20, test=4)
    with pytest.raises(DataError, match="leave none of class '0' to learn from"):
        grouped(["a"] * 4 + ["b"] * 2 + ["a"] * 2 + ["b"] * 2 + ["c"] * 90, 5, 95)


def test_a_ready_test_split_is_left_alone() -> None:
    data = made(50, 50, test=10)
    assert numbers(data.test) == list(range(10))
    assert len(data.train) + len(data.val) == 100


def test_statistics_come_from_the_training_split() -> None:
    data = made(100, 100)
    values = pixels(data.train).double() / 255
    assert data.mean[0] == pytest.approx(values.mean().item())
    assert data.std[0] == pytest.approx(values.std(correction=0).item())


def test_classes_that_are_too_small_are_named() -> None:
    three = "has 2 pictures to train on; it needs at least 3, for training, choosing and testing: "
    with pytest.raises(DataError, match=f"class '1' {three}"):
        made(10, 2)
    with pytest.raises(DataError, match=r"1 picture .* at least 2, for training and choosing: "):
        made(10, 1, test=2)
    assert len(made(10, 2, test=2).test) == 2
    with pytest.raises(DataError, match="at least 2 classes: there is only '0'"):
        made(10)
