"""Scores of a classifier, by scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from torch import nn

from snas_cli.data.decoding import ImageSet
from snas_cli.data.task_data import TaskData
from snas_cli.training.trainer import predictions


def classification_scores(network: nn.Module, images: ImageSet, data: TaskData) -> dict[str, Any]:
    """Accuracy; precision, recall and F1 of each class and on average; the confusion matrix, with
    the true classes as its rows."""
    batches = zip(*predictions(network, images, data), strict=True)
    logits, labels = (torch.cat(parts).cpu().numpy() for parts in batches)
    predicted = logits.argmax(1)
    every = list(range(len(data.classes)))
    rows = precision_recall_fscore_support(labels, predicted, labels=every, zero_division=0.0)
    names = ("precision", "recall", "f1", "pictures")
    return {
        "pictures": len(labels),
        "accuracy": float((predicted == labels).mean()),
        "macro": {name: float(np.mean(row)) for name, row in zip(names[:3], rows[:3], strict=True)},
        "classes": {
            label: {name: row[i].item() for name, row in zip(names, rows, strict=True)}
            for i, label in enumerate(data.classes)
        },
        "confusion": confusion_matrix(labels, predicted, labels=every).tolist(),
    }
