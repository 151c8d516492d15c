"""Scores, against numbers worked out by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from snas_cli.api import DataRequest
from snas_cli.data.task_data import Kept, TaskData, prepare
from snas_cli.errors import CandidateError, DataError
from snas_cli.recipe.schema import DataSettings
from snas_cli.registry import Registry
from snas_cli.training.metrics import (
    POINTS,
    Outputs,
    classification_scores,
    outputs_from,
    scores_of,
)
from snas_cli.training.trainer import score


def scores(probabilities: list[list[float]], labels: list[int]) -> dict[str, Any]:
    """Of classes a, b, c …"""
    outputs = outputs_from(torch.tensor(probabilities).log(), torch.tensor(labels))
    return scores_of(outputs, "abcdefgh"[: len(probabilities[0])])


def certain(predicted: list[int], classes: int) -> list[list[float]]:
    """Probabilities that are 0.9 at the predicted class."""
    rest = 0.1 / (classes - 1)
    return [[0.9 if i == label else rest for i in range(classes)] for label in predicted]


def test_two_classes() -> None:
    of = scores([[0.9, 0.1], [0.58, 0.42], [0.65, 0.35], [0.2, 0.8]], [0, 0, 1, 1])
    assert of["pictures"] == 4
    assert of["accuracy"] == of["balanced_accuracy"] == 0.75
    assert of["confusion"] == [[2, 0], [1, 1]]
    assert of["top_k"] == {}
    assert of["loss"] == pytest.approx(-sum(map(math.log, (0.9, 0.58, 0.35, 0.8))) / 4)
    assert of["classes"] == {
        "a": {"precision": pytest.approx(2 / 3), "recall": 1, "f1": pytest.approx(0.8),
              "pictures": 2, "roc_auc": 0.75},
        "b": {"precision": 1, "recall": 0.5, "f1": pytest.approx(2 / 3), "pictures": 2,
              "roc_auc": 0.75},
    }  # fmt: skip
    assert of["macro"] == pytest.approx(
        {"precision": 5 / 6, "recall": 0.75, "f1": (0.8 + 2 / 3) / 2, "roc_auc": 0.75}
    )
    assert of["roc"]["classes"]["b"] == {
        "false_positive_rate": [0, 0, 0.5, 0.5, 1],
        "true_positive_rate": [0, 0.5, 0.5, 1, 1],
    }
    # Each picture is alone in its bin: (0.1 + 0.42 + 0.65 + 0.2) / 4.
    assert of["calibration"]["error"] == pytest.approx(0.3425)
    assert of["calibration"]["confidence"] == pytest.approx((0.9 + 0.58 + 0.65 + 0.8) / 4)


def test_a_class_that_is_never_predicted_has_precision_0() -> None:
    """All are equally improbable to be of it, so that its curve is the diagonal."""
    of = scores(certain([0, 0, 0, 1, 1], 3), [0, 0, 0, 1, 2])
    assert of["classes"]["c"] == {
        "precision": 0, "recall": 0, "f1": 0, "pictures": 1, "roc_auc": 0.5
    }  # fmt: skip
    assert of["macro"]["recall"] == of["balanced_accuracy"] == pytest.approx(2 / 3)
    assert of["macro"]["precision"] == pytest.approx((1 + 0.5 + 0) / 3)
    assert of["weighted"]["precision"] == pytest.approx((3 * 1 + 1 * 0.5 + 0) / 5)
    assert of["weighted"]["recall"] == of["accuracy"] == 0.8


def test_a_class_without_pictures_has_no_scores_and_no_say() -> None:
    of = scores(certain([0, 2, 1], 3), [0, 0, 1])
    assert of["classes"]["c"] == {
        "precision": None, "recall": None, "f1": None, "pictures": 0, "roc_auc": None
    }  # fmt: skip
    assert of["roc"]["classes"]["c"] is None
    assert of["balanced_accuracy"] == of["macro"]["recall"] == 0.75
    assert of["macro"]["roc_auc"] == np.mean([of["classes"][name]["roc_auc"] for name in "ab"])
    assert of["confusion"] == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_a_single_picture(classes: int) -> None:
    of = scores(certain([1], classes), [1])
    assert of["accuracy"] == of["macro"]["f1"] == of["weighted"]["precision"] == 1
    assert of["macro"]["roc_auc"] is None
    assert of["roc"]["macro"] is None
    assert {row["roc_auc"] for row in of["classes"].values()} == {None}
    assert of["calibration"]["error"] == pytest.approx(0.1)
    assert of["top_k"] == {str(k): 1.0 for k in (3, 5) if k < classes}


def test_a_class_that_all_pictures_have_has_no_curve() -> None:
    of = scores(certain([0, 1, 0], 2), [0, 0, 0])
    assert of["classes"]["a"]["roc_auc"] is None
    assert of["classes"]["a"]["recall"] == pytest.approx(2 / 3)
    assert of["classes"]["b"]["recall"] is None


def test_top_k_counts_the_k_most_probable() -> None:
    order = [[0.3, 0.25, 0.2, 0.12, 0.08, 0.05]] * 4
    of = scores(order, [0, 2, 3, 5])
    assert of["accuracy"] == 0.25
    assert of["top_k"] == {"3": 0.5, "5": 0.75}
    assert scores([row[:5] for row in order], [0, 2, 3, 4])["top_k"] == {"3": 0.5}


def calibrated(groups: dict[float, tuple[int, int]]) -> dict[str, Any]:
    """Of two classes: by confidence, how many are right and how many there are."""
    rows, labels = [], []
    for confidence, (right, count) in groups.items():
        rows += [[confidence, 1 - confidence]] * count
        labels += [0] * right + [1] * (count - right)
    outputs = Outputs(np.array(labels), np.array(rows), loss=0.0)
    result: dict[str, Any] = scores_of(outputs, "ab")["calibration"]
    return result


def test_perfect_calibration_has_no_error() -> None:
    of = calibrated({0.6: (6, 10), 0.8: (8, 10), 1.0: (5, 5)})
    assert of["error"] == pytest.approx(0, abs=1e-12)
    assert [each["pictures"] for each in of["bins"] if each["pictures"]] == [10, 10, 5]
    assert of["bins"][-1] == {
        "low": pytest.approx(14 / 15), "high": 1, "pictures": 5, "confidence": 1, "accuracy": 1
    }  # fmt: skip
    assert of["bins"][0]["accuracy"] is of["bins"][0]["confidence"] is None


def test_calibration_weighs_bins_by_their_pictures() -> None:
    of = calibrated({0.9: (3, 6), 0.7: (2, 2)})
    assert of["error"] == pytest.approx(6 / 8 * 0.4 + 2 / 8 * 0.3)


def test_gaps_within_a_bin_cancel() -> None:
    """0.61 and 0.65 are in the bin from 0.6 to 0.667: right twice in three, at 0.63 on average."""
    of = calibrated({0.61: (2, 2), 0.65: (0, 1)})
    assert of["error"] == pytest.approx(2 / 3 - (0.61 * 2 + 0.65) / 3)


def test_long_curves_are_thinned_between_their_ends() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 5000)
    logits = rng.normal(size=(5000, 3))
    logits[np.arange(5000), labels] += 1
    of = scores_of(outputs_from(torch.tensor(logits), torch.tensor(labels)), "abc")
    for name, area in [(name, of["classes"][name]["roc_auc"]) for name in "abc"]:
        points = of["roc"]["classes"][name]
        xs, ys = points["false_positive_rate"], points["true_positive_rate"]
        assert len(xs) == len(ys) <= POINTS
        assert (xs[0], ys[0], xs[-1], ys[-1]) == (0, 0, 1, 1)
        assert np.trapezoid(ys, xs) == pytest.approx(area, abs=1e-3)
    mean = of["roc"]["macro"]
    assert len(mean["false_positive_rate"]) == POINTS
    area = np.trapezoid(mean["true_positive_rate"], mean["false_positive_rate"])
    assert area == pytest.approx(of["macro"]["roc_auc"], abs=1e-3)


@st.composite
def answers(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits, some of them equal or enormous, and labels."""
    classes, count = draw(st.integers(2, 7)), draw(st.integers(1, 12))
    logit = st.sampled_from([-1e4, -1.0, 0.0, 0.5, 3.0, 1e4])
    rows = draw(st.lists(st.lists(logit, min_size=classes, max_size=classes),
                         min_size=count, max_size=count))  # fmt: skip
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=count, max_size=count))
    return torch.tensor(rows), torch.tensor(labels)


@given(answers())
def test_scores_are_json_and_keep_together(drawn: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, labels = drawn
    outputs = outputs_from(logits, labels)
    of = scores_of(outputs, "abcdefgh"[: logits.shape[1]])
    assert json.loads(json.dumps(of, allow_nan=False)) == of
    assert of["weighted"]["recall"] == pytest.approx(of["accuracy"])
    assert np.trace(of["confusion"]) == round(of["accuracy"] * len(labels))
    assert 0 <= of["calibration"]["error"] <= 1
    assert sum(each["pictures"] for each in of["calibration"]["bins"]) == len(labels)
    areas = [row["roc_auc"] for row in of["classes"].values() if row["roc_auc"] is not None]
    assert all(0 <= area <= 1 for area in areas)
    assert bool(areas) == (len(set(labels.tolist())) > 1)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_answers_that_are_no_numbers_are_refused(value: float) -> None:
    logits = torch.zeros(3, 2)
    logits[1, 0] = value
    with pytest.raises(CandidateError, match="no numbers for 1 of 3 pictures"):
        outputs_from(logits, torch.tensor([0, 1, 1]))


@pytest.fixture(scope="module")
def digits(registry: Registry, decoded: Path) -> TaskData:
    settings, request = DataSettings(dataset="digits"), DataRequest(None, Path())
    return prepare(registry.dataset("digits"), request, settings, seed=0, kept=Kept(decoded))


def test_they_are_those_of_the_trainer(digits: TaskData) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    of = classification_scores(network, digits.test, digits)
    before = score(network, digits.test, digits)
    assert of["accuracy"] == before.accuracy
    assert of["loss"] == pytest.approx(before.loss, rel=1e-5)
    assert list(of["classes"]) == [str(digit) for digit in range(10)]


def test_no_pictures_are_an_error(digits: TaskData) -> None:
    none = digits.test[torch.arange(0)]
    with pytest.raises(DataError, match="no pictures"):
        classification_scores(nn.Flatten(), none, replace(digits, test=none))
