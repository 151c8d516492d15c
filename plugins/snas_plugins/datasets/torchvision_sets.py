"""Public data sets by name, downloaded by torchvision; those that it reads into arrays are here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from snas_cli.api import DataRequest, Dataset, LabelledImages, Split, hookimpl
from snas_plugins.datasets._fetching import PublicSet
from snas_plugins.datasets._mnist_sets import EMNIST, KMNIST, MNIST, QMNIST, FashionMNIST
from snas_plugins.datasets._picture_sets import DTD, GTSRB


class _ArraySet(PublicSet):
    """One that torchvision reads into arrays."""

    parts: ClassVar[tuple[Mapping[str, Any], Mapping[str, Any]]]  # options for train and test
    channels_first: ClassVar[bool] = False
    labels: ClassVar[str] = "labels"  # what torchvision calls them
    class_names: ClassVar[tuple[str, ...]] = ()  # where torchvision has none

    def load(self, request: DataRequest) -> LabelledImages:
        folder = request.data_dir / self.name
        train, test = (self.fetched(folder, **options) for options in self.parts)
        return LabelledImages(
            self.class_names or tuple(train.classes),
            train=self._split(train),
            test=self._split(test),
        )

    def _split(self, part: Any) -> Split:
        import numpy as np

        images = part.data.transpose(0, 2, 3, 1) if self.channels_first else part.data
        return Split(np.ascontiguousarray(images), [int(i) for i in getattr(part, self.labels)])


class CIFAR10(_ArraySet):
    name = "cifar10"
    summary = "50,000 + 10,000 photographs of animals and vehicles, 32×32 colour, 10 classes"
    mirrored = True
    loader = "CIFAR10"
    files = "cifar-10-python.tar.gz"
    source = "https://www.cs.toronto.edu/~kriz/cifar.html"
    parts = ({"train": True}, {"train": False})
    labels = "targets"


class CIFAR100(CIFAR10):
    name = "cifar100"
    summary = "50,000 + 10,000 photographs of all kinds of things, 32×32 colour, 100 classes"
    loader = "CIFAR100"
    files = "cifar-100-python.tar.gz"


class SVHN(_ArraySet):
    name = "svhn"
    summary = "73,257 + 26,032 digits of house numbers, 32×32 colour, 10 classes"
    loader = "SVHN"
    files = "train_32x32.mat and test_32x32.mat"
    source = "http://ufldl.stanford.edu/housenumbers"
    parts = ({"split": "train"}, {"split": "test"})
    channels_first = True
    class_names = tuple("0123456789")


class STL10(_ArraySet):
    name = "stl10"
    summary = "5,000 + 8,000 photographs of animals and vehicles, 96×96 colour, 10 classes"
    mirrored = True
    loader = "STL10"
    files = "stl10_binary.tar.gz"
    source = "https://cs.stanford.edu/~acoates/stl10"
    parts = ({"split": "train"}, {"split": "test"})
    channels_first = True
    class_names = (
        "airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck",
    )  # fmt: skip


@hookimpl
def snas_register_datasets() -> list[Dataset]:
    arrays: list[Dataset] = [CIFAR10(), CIFAR100(), SVHN(), STL10()]
    characters = [MNIST(), FashionMNIST(), KMNIST(), QMNIST(), EMNIST()]
    return [*arrays, *characters, DTD(), GTSRB()]
