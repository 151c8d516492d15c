"""Public data sets in the form of MNIST: grey pictures of 28×28 in IDX files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from snas_cli.api import DataRequest, LabelledImages, Split
from snas_plugins.datasets._fetching import PublicSet

if TYPE_CHECKING:
    import numpy as np

DIGITS = tuple("0123456789")


class _IdxSet(PublicSet):
    """Its files are read here: torchvision can only read what it may unpack beside them."""

    stems: ClassVar[Mapping[str, tuple[str, str]]] = {  # of images and labels
        "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    }
    options: ClassVar[Mapping[str, str]] = {}
    class_names: ClassVar[tuple[str, ...]] = DIGITS

    def load(self, request: DataRequest) -> LabelledImages:
        from snas_plugins.datasets._idx import idx_file

        folder = request.data_dir / self.name
        raw = folder / self.loader / "raw"
        for split, stems in self.stems.items():
            if not all(idx_file(raw, stem) for stem in stems):
                self.fetched(folder, train=split == "train", **self.options)
        train, test = (self._split(raw, split) for split in ("train", "test"))
        return LabelledImages(self.class_names, train, test=test)

    def _split(self, raw: Path, split: str) -> Split:
        import numpy as np

        from snas_plugins.datasets._idx import idx_file, read_idx

        arrays = []
        for stem in self.stems[split]:
            path = idx_file(raw, stem)
            if path is None:
                raise self.incomplete(raw, f"there is no {stem}.gz")
            arrays.append(read_idx(path))
        images, labels = self.upright(arrays[0]), self.classes_of(arrays[1])
        known = np.isin(labels, range(len(self.class_names)))
        if len(images) != len(labels) or not known.all():
            raise self.incomplete(raw, f"labels and pictures of {split} do not belong together")
        return Split(np.ascontiguousarray(images), labels.tolist())

    def upright(self, images: np.ndarray) -> np.ndarray:
        """N×H×W as they are stored, the right way up."""
        return images

    def classes_of(self, labels: np.ndarray) -> np.ndarray:
        """The number of each picture's class: N."""
        return labels


def _gz(loader: str, stems: Mapping[str, tuple[str, str]]) -> str:
    """The names of all files, as the message without a network has them."""
    names = [f"{loader}/raw/{stem}.gz" for pair in stems.values() for stem in pair]
    return ", ".join(names[:-1]) + f" and {names[-1]}"


class MNIST(_IdxSet):
    name = "mnist"
    summary = "60,000 + 10,000 handwritten digits, 28×28 grey, 10 classes"
    loader = "MNIST"
    files = _gz("MNIST", _IdxSet.stems)
    source = "https://ossci-datasets.s3.amazonaws.com/mnist/"


class FashionMNIST(_IdxSet):
    name = "fashion_mnist"
    summary = "60,000 + 10,000 pieces of clothing, 28×28 grey, 10 classes"
    mirrored = True
    loader = "FashionMNIST"
    files = _gz("FashionMNIST", _IdxSet.stems)
    source = "https://github.com/zalandoresearch/fashion-mnist"
    class_names = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip


class KMNIST(_IdxSet):
    name = "kmnist"
    summary = "60,000 + 10,000 cursive Japanese characters (Kuzushiji), 28×28 grey, 10 classes"
    loader = "KMNIST"
    files = _gz("KMNIST", _IdxSet.stems)
    source = "http://codh.rois.ac.jp/kmnist"
    class_names = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


class QMNIST(_IdxSet):
    name = "qmnist"
    summary = "60,000 + 60,000 handwritten digits: MNIST with all its test digits, 28×28 grey"
    loader = "QMNIST"
    stems = {
        split: (f"qmnist-{split}-images-idx3-ubyte", f"qmnist-{split}-labels-idx2-int")
        for split in ("train", "test")
    }
    files = _gz("QMNIST", stems)
    source = "https://github.com/facebookresearch/qmnist"

    def classes_of(self, labels: np.ndarray) -> np.ndarray:
        return labels[:, 0]  # the others say who wrote it, and where NIST keeps it


class EMNIST(_IdxSet):
    name = "emnist"
    summary = "112,800 + 18,800 handwritten digits and letters (balanced), 28×28 grey, 47 classes"
    loader = "EMNIST"
    stems = {
        split: (
            f"emnist-balanced-{split}-images-idx3-ubyte",
            f"emnist-balanced-{split}-labels-idx1-ubyte",
        )
        for split in ("train", "test")
    }
    options = {"split": "balanced"}
    files = "EMNIST/raw/gzip.zip"
    source = "https://www.nist.gov/itl/products-and-services/emnist-dataset"
    # Small letters that look like their capitals are in one class with them.
    class_names = (*DIGITS, *"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *"abdefghnqrt")

    def upright(self, images: np.ndarray) -> np.ndarray:
        return images.transpose(0, 2, 1)  # columns are stored as rows
