"""What a data set must keep to."""

from __future__ import annotations

from snas_cli.api import (
    DataRequest,
    Dataset,
    LabelledImages,
    Pictures,
    Split,
)


def check_dataset(dataset: Dataset, request: DataRequest) -> LabelledImages:
    """Every split has pictures of the right form and a label for each; returned for more checks."""
    assert dataset.summary, f"{dataset.name} needs a summary"
    data = dataset.load(request)
    assert len(set(data.classes)) == len(data.classes) >= 2, f"classes: {data.classes}"
    for split in (data.train, data.val, data.test):
        if split is not None:
            _check_split(split, len(data.classes))
    return data


def _check_split(split: Split, classes: int) -> None:
    images = split.images
    assert len(images) == len(split.labels) > 0, f"{len(images)} images, {len(split.labels)} labels"
    assert all(0 <= label < classes for label in split.labels), "labels count from 0 to classes - 1"
    if isinstance(images, Pictures):
        images.open(0).close()
        assert images.describe(0), "a picture needs a name for error messages"
        return
    assert images.dtype == "uint8", f"images are {images.dtype}, not uint8"
    assert images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3), f"{images.shape}"
