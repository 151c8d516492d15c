"""Handwritten digits, 8×8, that come with scikit-learn: the set that needs nothing else."""

from __future__ import annotations

from snas_cli.api import DataRequest, Dataset, LabelledImages, Split, hookimpl


class Digits(Dataset):
    name = "digits"
    summary = "1,797 handwritten digits, 8×8 grey; ships with scikit-learn"
    mirrored = False

    def load(self, request: DataRequest) -> LabelledImages:
        from sklearn.datasets import load_digits

        digits = load_digits()
        images = (digits.images * (255 / 16)).round().astype("uint8")  # 0…16 in the original
        classes = tuple(str(name) for name in digits.target_names)
        return LabelledImages(classes, train=Split(images, digits.target))


@hookimpl
def snas_register_datasets() -> list[Dataset]:
    return [Digits()]
