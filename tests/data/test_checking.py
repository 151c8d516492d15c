"""What `snas datasets check` and `preview` find."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from snas_cli.api import DataRequest, Dataset, LabelledImages, Split
from snas_cli.data.checking import Findings, examine
from snas_cli.data.decoding import Unreadable
from snas_cli.data.preview import CELL, MOST_CLASSES, caption, contact_sheet, in_words
from snas_cli.data.task_data import Kept, TaskData, prepare
from snas_cli.recipe.schema import DataSettings
from snas_cli.terminal.datasets import complaints, form_in_words


class Given(Dataset):
    """Pictures of one grey each, with ready test pictures."""

    name = "given"
    summary = "for tests"

    def __init__(self, train: list[int], test: list[int], classes: int = 2) -> None:
        self.greys, self.classes = (train, test), tuple(f"class {i}" for i in range(classes))

    def load(self, request: DataRequest) -> LabelledImages:
        train, test = (
            Split(np.full((len(g), 8, 8), 0, np.uint8) + np.asarray(g, np.uint8)[:, None, None],
                  [i % len(self.classes) for i in range(len(g))])
            for g in self.greys
        )  # fmt: skip
        return LabelledImages(self.classes, train, test=test)


def data(train: list[int], test: list[int], classes: int = 2) -> TaskData:
    settings, request = DataSettings(dataset="given"), DataRequest(None, Path())
    cache = Path(os.environ["SNAS_CACHE"])
    return prepare(Given(train, test, classes), request, settings, seed=0, kept=Kept(cache))


def test_twins_are_found_within_and_across_splits() -> None:
    findings = examine(data([*range(20), 0], [50, 51, 7]))
    assert sorted(sorted(name for _, name in group) for group in findings.twins) == [
        ["test 2", "train 7"],
        ["train 0", "train 20"],
    ]
    assert any({split for split, _ in group} >= {"test"} for group in findings.leaks)
    assert findings.pictures == 24
    assert findings.nbytes == 24 * 64


def test_complaints_are_plain(capsys: pytest.CaptureFixture[str]) -> None:
    sound = examine(data(list(range(20)), [50, 51]))
    assert list(complaints(("a", "b"), sound)) == ["nothing is wrong with it"]
    leaking = "\n".join(complaints(("a", "b"), examine(data([*range(20)], [*range(10)]))))
    assert "the same picture: train 0 (train), test 0 (test)" in leaking or "(val), test" in leaking
    assert "and 5 more in several splits" in leaking


def test_skewed_classes_are_said() -> None:
    findings = Findings(sound_form(), {"train": [200, 10], "val": [1, 1], "test": [1, 1]}, [], [])
    (line,) = complaints(("cat", "dog"), findings)
    assert "cat has 200 pictures to train on, dog 10" in line
    assert "training.balance=weights" in line


def sound_form() -> object:
    return examine(data(list(range(20)), [50, 51])).form


def test_a_contact_sheet_has_a_row_for_each_class() -> None:
    sheet = contact_sheet(data(list(range(100)), [200, 201, 202]), 5, torch.Generator())
    assert sheet.height < 3 * (CELL + 10)
    assert sheet.width > 5 * CELL
    assert len(sheet.getcolors(10_000)) > 8  # greys, white and letters


def test_a_contact_sheet_of_many_classes_is_cut() -> None:
    many = data([i % 250 for i in range(600)], [0, 1], classes=60)
    sheet = contact_sheet(many, 2, torch.Generator())
    assert sheet.height < (MOST_CLASSES + 2) * (CELL + 4)


@pytest.mark.parametrize(
    ("name", "text"),
    [("cat", "cat"), ("naïve café", "naive cafe"), ("日本", "row 3"), ("🐈 cat", "row 3"),
     ("a\x1bb", "row 3"), ("x" * 30, "x" * 23 + "…")],
)  # fmt: skip
def test_a_caption_has_letters_that_can_be_drawn(name: str, text: str) -> None:
    assert caption(2, name) == text


def test_what_a_sheet_cannot_say_is_said_beside_it() -> None:
    assert in_words(["cat", "日本"]) == ["row 2 is 日本"]
    assert in_words([f"{i}" for i in range(60)]) == ["the first 40 of 60 classes"]


def test_every_picture_that_cannot_be_read_is_named_and_counted() -> None:
    sound = examine(data(list(range(20)), [50, 51]))
    bad = [Unreadable(f"{i}.png", "not a picture") for i in range(30)]
    said = list(complaints(("a", "b"), replace(sound, bad=bad, remarks=["a remark"])))
    assert said[0] == "a remark"
    assert said[30] == "cannot be read: 29.png: not a picture"
    assert "(30 left out, which cannot be read)" in form_in_words(replace(sound, bad=bad))


def test_more_than_three_of_a_kind_are_counted() -> None:
    (line,) = complaints(("a", "b"), examine(data([*range(20), 0, 0, 0, 0], [50, 51])))
    assert line.startswith("the same picture: ")
    assert line.endswith(" and 2 more")
