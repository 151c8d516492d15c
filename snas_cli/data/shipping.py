"""A data set as plain data and arrays, to be put together again where its files are not."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch

from snas_cli.data.decoding import Form
from snas_cli.data.store import Decoded, ImageSet
from snas_cli.data.task_data import Source, TaskData

Arrays = Mapping[str, np.ndarray]


def packed(data: TaskData) -> tuple[dict[str, Any], Callable[[], Arrays]] | None:
    """What is fit for JSON, and all that is large: `images`, uint8 N×C×H×W, and of each split
    `rows` and `labels`, int64. None for pictures that are not kept decoded."""
    store = data.train.store
    if not isinstance(store, Decoded):
        return None
    about = {
        "classes": list(data.classes),
        "form": [store.form.channels, store.form.size],
        "mean": list(data.mean),
        "std": list(data.std),
        "mirrored": data.mirrored,
    }
    return about, partial(_arrays, data, store)


def _arrays(data: TaskData, store: Decoded) -> Arrays:
    arrays = {"images": store.images.cpu().numpy()}
    for name, split in data.splits.items():
        arrays[f"{name} rows"] = split.rows.cpu().numpy()
        arrays[f"{name} labels"] = split.labels.cpu().numpy()
    return arrays


def unpacked(about: Mapping[str, Any], arrays: Arrays) -> TaskData:
    """The same pictures, labels and splits; what they were called is not known here."""
    store = Decoded(_tensor(arrays["images"]), Form(*about["form"]))
    train, val, test = (
        ImageSet(store, _tensor(arrays[f"{name} rows"]), _tensor(arrays[f"{name} labels"]))
        for name in ("train", "val", "test")
    )
    mean, std = tuple(about["mean"]), tuple(about["std"])
    classes, mirrored = tuple(about["classes"]), about["mirrored"]
    return TaskData(classes, train, val, test, mean, std, mirrored, Source((), {}))


def _tensor(array: np.ndarray) -> torch.Tensor:
    """Without a copy. The memory may be shared and read-only, of which torch warns; nobody
    writes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)
