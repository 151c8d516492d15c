"""Scores of a classifier: by scikit-learn, wherever it has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.metrics import (
    accuracy_score,
    auc,
    confusion_matrix,
    precision_recall_fscore_support,
    roc_curve,
    top_k_accuracy_score,
)
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its name everywhere

from snas_cli.data.store import ImageSet
from snas_cli.data.task_data import TaskData
from snas_cli.errors import CandidateError, DataError
from snas_cli.training.trainer import predictions

TOP = (3, 5)
BINS = 15  # of equal width, as in Guo et al. 2017
POINTS = 200  # of a ROC curve, at most: a hundredth apart, which no drawing shows
NAMES = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Outputs:
    """What a network says of pictures whose classes are known."""

    labels: np.ndarray  # int64, N
    probabilities: np.ndarray  # float64, N×classes
    loss: float  # mean cross-entropy in nats

    @property
    def predicted(self) -> np.ndarray:
        """int64, N."""
        predicted: np.ndarray = self.probabilities.argmax(1)
        return predicted

    @property
    def confidence(self) -> np.ndarray:
        """float64, N: the probability of the predicted class."""
        return np.take_along_axis(self.probabilities, self.predicted[:, None], axis=1)[:, 0]


def classification_scores(network: nn.Module, images: ImageSet, data: TaskData) -> dict[str, Any]:
    """What `scores_of` says of a network on pictures. Raises CandidateError, DataError."""
    return scores_of(outputs_of(network, images, data), data.classes)


def outputs_of(network: nn.Module, images: ImageSet, data: TaskData) -> Outputs:
    """Raises DataError where there are no pictures, CandidateError where the network's answers
    are no numbers."""
    if not len(images):
        raise DataError("there are no pictures to score the network on")
    batches = zip(*predictions(network, images, data), strict=True)
    logits, labels = (torch.cat(parts).cpu() for parts in batches)
    return outputs_from(logits, labels)


def outputs_from(logits: torch.Tensor, labels: torch.Tensor) -> Outputs:
    """From N×classes and N. Raises CandidateError."""
    broken = int((~logits.isfinite()).any(1).sum())
    if broken:
        raise CandidateError(
            f"the network's logits are no numbers for {broken} of {len(labels)} pictures; its "
            "weights are damaged, or it diverged"
        )
    exact = logits.double()  # of float32, confident probabilities would be exactly 1 and tie
    # scikit-learn's log_loss takes probabilities and clips them, which bounds the loss.
    loss = F.cross_entropy(exact, labels).item()
    return Outputs(labels.numpy(), exact.softmax(1).numpy(), loss)


def scores_of(outputs: Outputs, classes: Sequence[str]) -> dict[str, Any]:
    """All scores as JSON; where one is undefined there is None and never a number.

    A class that no picture has is left out of the means, and a class that is never predicted has
    precision 0. `balanced_accuracy` is the mean recall; `confusion` has the true classes as its
    rows; `roc_auc` and `roc` are one class against the rest.
    """
    labels, predicted = outputs.labels, outputs.predicted
    every = list(range(len(classes)))
    curves = [_roc_curve(labels == i, outputs.probabilities[:, i]) for i in every]
    areas = [None if curve is None else float(auc(*curve)) for curve in curves]
    macro = _means(labels, predicted, "macro")
    return {
        "pictures": len(labels),
        "loss": outputs.loss,
        "accuracy": float(accuracy_score(labels, predicted)),
        "balanced_accuracy": macro["recall"],
        "top_k": _top_k(outputs),
        "macro": {**macro, "roc_auc": _mean_area(areas)},
        "weighted": _means(labels, predicted, "weighted"),
        "classes": {
            name: {**row, "roc_auc": area}
            for name, row, area in zip(classes, _rows(outputs), areas, strict=True)
        },
        "confusion": confusion_matrix(labels, predicted, labels=every).tolist(),
        "calibration": _calibration(outputs),
        "roc": {
            "classes": dict(zip(classes, map(_points, curves), strict=True)),
            "macro": _mean_curve(curves),
        },
    }


def _rows(outputs: Outputs) -> list[dict[str, Any]]:
    """Of each class: precision, recall, F1 and how many pictures there are."""
    every = list(range(outputs.probabilities.shape[1]))
    table = precision_recall_fscore_support(
        outputs.labels, outputs.predicted, labels=every, zero_division=0.0
    )
    return [
        {
            **{
                name: float(value) if count else None
                for name, value in zip(NAMES, row, strict=True)
            },
            "pictures": int(count),
        }
        for *row, count in zip(*table, strict=True)
    ]


def _means(labels: np.ndarray, predicted: np.ndarray, average: str) -> dict[str, float]:
    """Precision, recall and F1: plain means over classes, or weighted by their pictures."""
    values = precision_recall_fscore_support(
        labels, predicted, labels=np.unique(labels), average=average, zero_division=0.0
    )
    return {name: float(value) for name, value in zip(NAMES, values[:3], strict=True)}


def _top_k(outputs: Outputs) -> dict[str, float]:
    """By k: the share of pictures whose class is among the k most probable."""
    count = outputs.probabilities.shape[1]
    return {
        str(k): float(
            top_k_accuracy_score(outputs.labels, outputs.probabilities, k=k, labels=range(count))
        )
        for k in TOP
        if k < count
    }


# --- one class against the rest -------------------------------------------------------------------

Curve = tuple[np.ndarray, np.ndarray]  # false and true positive rates, both from 0 to 1


def _roc_curve(positive: np.ndarray, probability: np.ndarray) -> Curve | None:
    """None where there are no pictures of the class, or no others."""
    if positive.all() or not positive.any():
        return None
    false_rate, true_rate, _ = roc_curve(positive, probability)
    return false_rate, true_rate


def _mean_area(areas: Sequence[float | None]) -> float | None:
    known = [area for area in areas if area is not None]
    return float(np.mean(known)) if known else None


def _mean_curve(curves: Sequence[Curve | None]) -> dict[str, list[float]] | None:
    """The mean true positive rate at each false positive rate; its area is the macro AUC, but for
    the distance of the points."""
    grid = np.linspace(0, 1, POINTS - 1)
    heights = [np.interp(grid, *curve) for curve in curves if curve is not None]
    if not heights:
        return None
    return _points((np.append(0.0, grid), np.append(0.0, np.mean(heights, axis=0))))


def _points(curve: Curve | None) -> dict[str, list[float]] | None:
    """At most POINTS of a curve: the ends, and points equally far apart along it."""
    if curve is None:
        return None
    false_rate, true_rate = curve
    if len(false_rate) > POINTS:
        length = false_rate + true_rate  # from 0 to 2, and it grows with every point
        kept = np.unique(np.searchsorted(length, np.linspace(0, 2, POINTS)))
        false_rate, true_rate = false_rate[kept], true_rate[kept]
    return {
        "false_positive_rate": false_rate.round(6).tolist(),
        "true_positive_rate": true_rate.round(6).tolist(),
    }


# --- calibration ----------------------------------------------------------------------------------


def _calibration(outputs: Outputs) -> dict[str, Any]:
    """The expected calibration error (Guo et al. 2017, section 2) and the bins of the reliability
    diagram, each from `low`, which is not in it, to `high`. scikit-learn's `calibration_curve` is
    for two classes and does not tell how many pictures a bin holds."""
    confidence, correct = outputs.confidence, outputs.predicted == outputs.labels
    edges = np.linspace(0, 1, BINS + 1)
    place = np.digitize(confidence, edges[1:-1], right=True)
    bins = []
    error = 0.0
    for i in range(BINS):
        inside = place == i
        count = int(inside.sum())
        means = [
            float(values[inside].mean()) if count else None for values in (confidence, correct)
        ]
        if count:
            error += count / len(place) * abs(correct[inside].mean() - confidence[inside].mean())
        bins.append({"low": float(edges[i]), "high": float(edges[i + 1]), "pictures": count,
                     "confidence": means[0], "accuracy": means[1]})  # fmt: skip
    return {
        "error": float(error),
        "confidence": float(confidence.mean()),
        "bins": bins,
    }
