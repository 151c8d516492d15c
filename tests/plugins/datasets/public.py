"""The public sets by name, and what loading them gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from snas_plugins.datasets.torchvision_sets import snas_register_datasets

from snas_cli.api import DataRequest, LabelledImages
from snas_cli.errors import DataError
from snas_cli.testing import check_dataset

SETS: dict[str, Any] = {known.name: known for known in snas_register_datasets()}
ARRAYS = ("cifar10", "cifar100", "svhn", "stl10")
LIKE_MNIST = ("mnist", "fashion_mnist", "kmnist", "qmnist", "emnist")
IN_FILES = ("dtd", "gtsrb")
RNG = np.random.default_rng(0)


def loaded(name: str, folder: Path) -> LabelledImages:
    return check_dataset(SETS[name], DataRequest(None, folder))


def message(name: str, folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        SETS[name].load(DataRequest(None, folder))
    return str(caught.value)


def random_images(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)
