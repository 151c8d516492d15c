"""Stripes: a data set that is made rather than downloaded."""

from __future__ import annotations

from snas_cli.api import DataRequest, Dataset, LabelledImages, Split, hookimpl

COUNT, SIZE, PERIOD = 600, 12, 6  # pictures, and pixels


class Stripes(Dataset):
    """Grey pictures of 12×12 pixels, each with noise and stripes that start anywhere."""

    name = "stripes"
    summary = "600 grey 12×12 pictures of horizontal, vertical and diagonal stripes"
    mirrored = True

    def load(self, request: DataRequest) -> LabelledImages:
        import numpy as np

        rng = np.random.default_rng(0)
        labels = np.arange(COUNT) % 3
        y, x = np.mgrid[:SIZE, :SIZE]
        across = np.stack([y, x, x + y])[labels]  # 600×12×12: where in its stripe a pixel is
        start = rng.integers(PERIOD, size=(COUNT, 1, 1))
        waves = np.sin((across + start) * 2 * np.pi / PERIOD)
        images = 128 + 80 * waves + rng.normal(0, 20, across.shape)
        return LabelledImages(
            classes=("horizontal", "vertical", "diagonal"),
            train=Split(images.clip(0, 255).astype(np.uint8), labels.tolist()),
        )


@hookimpl
def snas_register_datasets() -> list[Dataset]:
    return [Stripes()]
