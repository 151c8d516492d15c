"""Drawings of scores: sound XML, all within its borders, and nothing that names could run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snas_cli.report.scores import confusion_drawing, reliability_drawing, roc_drawing
from snas_cli.training.metrics import outputs_from, scores_of

Drawing = Callable[[Mapping[str, Any]], str]
DRAWINGS = (confusion_drawing, roc_drawing, reliability_drawing)
SVG = "{http://www.w3.org/2000/svg}"


def scores(names: list[str], pictures: int = 200) -> dict[str, Any]:
    """Of a network that is right more often than not."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, len(names), pictures)
    logits = rng.normal(size=(pictures, len(names)))
    logits[np.arange(pictures), labels] += 2
    return scores_of(outputs_from(torch.tensor(logits), torch.tensor(labels)), names)


def drawn(draw: Drawing, of: Mapping[str, Any]) -> ET.Element:
    return ET.fromstring(draw(of))  # noqa: S314 - our own


def texts(drawing: ET.Element) -> list[str]:
    return [text.text or "" for text in drawing.iter(f"{SVG}text")]


def several(count: int) -> list[str]:
    return [f"kind {i}" for i in range(count)]


@pytest.mark.parametrize("draw", DRAWINGS)
@pytest.mark.parametrize("count", [2, 10, 11, 20, 21, 43, 250])
def test_everything_is_within_the_borders(draw: Drawing, count: int) -> None:
    drawing = drawn(
        draw, scores([f"{name} of a rather long-winded kind" for name in several(count)])
    )
    assert drawing.get("width") == "600"
    height = float(drawing.get("height", "0"))
    for box in list(drawing.iter(f"{SVG}rect"))[1:]:  # the first is the background
        x, y, wide, tall = (float(box.get(key, "0")) for key in ("x", "y", "width", "height"))
        assert min(x, y, wide, tall) >= 0
        assert x + wide <= 600
        assert y + tall <= height
    for text in drawing.iter(f"{SVG}text"):
        place = re.search(r"translate\(([\d.]+) ([\d.]+)\)", text.get("transform", ""))
        x, y = map(float, place.groups() if place else (text.get("x", ""), text.get("y", "")))
        assert 0 < x < 600
        assert 0 < y < height


@pytest.mark.parametrize("draw", DRAWINGS)
@given(names=st.lists(st.text(min_size=1), min_size=2, max_size=4, unique=True))
def test_names_are_shown_and_never_run(draw: Drawing, names: list[str]) -> None:
    names[0] += '"><script>alert(1)</script>&\x1b\ud800'
    text = draw(scores(names, pictures=20))
    assert "<script" not in text
    ET.fromstring(text)  # noqa: S314 - our own
    text.encode()


@pytest.mark.parametrize(("classes", "counted"), [(20, True), (21, False)])
def test_counts_are_written_up_to_20_classes(classes: int, counted: bool) -> None:
    of = scores(several(classes))
    assert (str(max(map(max, of["confusion"]))) in texts(drawn(confusion_drawing, of))) == counted


def test_cells_are_shaded_by_the_share_of_their_row() -> None:
    of = {"confusion": [[3, 1], [0, 8]], "classes": {"cat": {}, "dog": {}}}
    drawing = drawn(confusion_drawing, of)
    cells = {
        cell.findtext(f"{SVG}title"): float(cell.get("fill-opacity", "0"))
        for cell in drawing.iter(f"{SVG}rect")
        if cell.find(f"{SVG}title") is not None
    }
    assert cells == {
        "cat taken for cat: 3, 75.0% of its row": pytest.approx(0.77),
        "cat taken for dog: 1, 25.0% of its row": pytest.approx(0.31),
        "dog taken for dog: 8, 100.0% of its row": pytest.approx(1),
    }


def test_every_name_is_shown_where_there_is_room() -> None:
    shown = texts(drawn(confusion_drawing, scores(several(30))))
    assert all(shown.count(name) == 2 for name in several(30))
    shown = texts(drawn(confusion_drawing, scores(several(100))))
    assert 20 < sum(name in shown for name in several(100)) < 50


def test_names_that_are_too_long_lose_their_middle() -> None:
    shown = texts(drawn(confusion_drawing, scores(["speed limit of 30", "speed limit of 130"])))
    assert {name for name in shown if name.startswith("speed")} == {"speed limi…of 30",
                                                                   "speed limi…f 130"}  # fmt: skip


def test_roc_has_a_line_and_an_area_for_each_class() -> None:
    of = scores(several(10))
    drawing = drawn(roc_drawing, of)
    assert len(list(drawing.iter(f"{SVG}polyline"))) == 10
    shown = texts(drawing)
    for name in several(10):
        assert shown[shown.index(name) + 1] == f"{of['classes'][name]['roc_auc']:.3f}"


def test_roc_of_many_classes_shows_the_mean_and_the_worst() -> None:
    of = scores(several(12))
    drawing = drawn(roc_drawing, of)
    worst = sorted(several(12), key=lambda name: of["classes"][name]["roc_auc"])[:5]
    shown = texts(drawing)
    assert [name for name in shown if name.startswith("kind")] == worst
    assert shown[shown.index("mean of 12") + 1] == f"{of['macro']['roc_auc']:.3f}"
    assert len(list(drawing.iter(f"{SVG}polyline"))) == 6


@pytest.mark.parametrize("classes", [3, 12])
def test_roc_of_a_single_picture_says_that_there_is_none(classes: int) -> None:
    drawing = drawn(roc_drawing, scores(several(classes), pictures=1))
    assert not list(drawing.iter(f"{SVG}polyline"))
    assert "No class has both pictures" in texts(drawing)


def test_reliability_shows_the_gaps_and_the_error() -> None:
    of = scores(several(4))
    drawing = drawn(reliability_drawing, of)
    assert f"{100 * of['calibration']['error']:.2f} %" in texts(drawing)
    filled = [each for each in of["calibration"]["bins"] if each["pictures"]]
    assert len(list(drawing.iter(f"{SVG}g"))) == len(filled)
