"""Public data sets, read and downloaded by torchvision."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from snas_cli.api import DataError, DataRequest, Dataset, LabelledImages, Split, hookimpl


class _TorchvisionSet(Dataset):
    """One that torchvision keeps as arrays, with a training and a test part."""

    loader: ClassVar[str]  # the class's name in torchvision.datasets
    files: ClassVar[str]  # what the folder has to hold, for whoever fills it by hand

    def load(self, request: DataRequest) -> LabelledImages:
        folder = request.data_dir / self.name
        train, test = self._part(folder, train=True), self._part(folder, train=False)
        return LabelledImages(
            tuple(train.classes),
            train=Split(_array(train.data), train.targets),
            test=Split(_array(test.data), test.targets),
        )

    def _part(self, folder: Path, *, train: bool) -> Any:
        from torchvision import datasets

        try:
            return getattr(datasets, self.loader)(str(folder), train=train, download=True)
        except (OSError, RuntimeError) as error:
            raise DataError(
                f"{self.name} is not in {folder} and cannot be downloaded ({error}); without a "
                f"network, put {self.files} there, or name another folder with --data-dir or "
                "SNAS_DATA"
            ) from None


def _array(data: Any) -> Any:
    """A numpy array of what is one, or is a tensor."""
    import numpy as np

    return np.asarray(data)


class MNIST(_TorchvisionSet):
    name = "mnist"
    summary = "60,000 + 10,000 handwritten digits, 28×28 grey"
    loader = "MNIST"
    files = "MNIST/raw/*-ubyte.gz (four files)"


class FashionMNIST(_TorchvisionSet):
    name = "fashion_mnist"
    summary = "60,000 + 10,000 pieces of clothing, 28×28 grey"
    mirrored = True
    loader = "FashionMNIST"
    files = "FashionMNIST/raw/*-ubyte.gz (four files)"


class CIFAR10(_TorchvisionSet):
    name = "cifar10"
    summary = "50,000 + 10,000 photographs of animals and vehicles, 32×32 colour"
    mirrored = True
    loader = "CIFAR10"
    files = "cifar-10-python.tar.gz"


@hookimpl
def snas_register_datasets() -> list[Dataset]:
    return [MNIST(), FashionMNIST(), CIFAR10()]
