"""What goes wrong in the first hour is answered with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.cli.snas import snas


def test_without_a_word_it_says_what_to_type_first(tmp_path: Path) -> None:
    said = snas(cwd=tmp_path, code=2)
    assert "snas search digits" in " ".join((said.stdout + said.stderr).split())


@pytest.mark.parametrize(
    ("typed", "code", "answer"),
    [
        ("search photso/", 2, "there is no file or folder photso/; the folder here is"),
        ("search digts", 2, "did you mean 'digits'?"),
        ("search notes.txt", 2, "neither a recipe (.yaml), nor a folder of pictures"),
        ("search empty", 1, "put the pictures of each class into a folder of its own"),
        ("search digits --budget soon", 2, "should be a time, such as 90s, 45m or 2h"),
        ("search digits --budget 0.001s", 1, "give it more time"),
        ("search digits --families cnm", 2, "did you mean 'cnn'?"),
        ("search digits --max-params 10", 1, "limits.max_params of 10 refused"),
        ("export", 1, "start one with: snas search digits"),
        ("evaluate", 1, "start one with: snas search digits"),
        ("resume", 1, "start one with: snas search digits"),
        ("bench --strategy agin", 2, "did you mean 'aging'?"),
    ],
)
def test_a_mistake_is_answered(typed: str, code: int, answer: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("cats")
    assert answer in snas(*typed.split(), cwd=tmp_path, code=code).stderr


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("typed", ["--gpu-ids 0", "--device cuda"])
def test_a_gpu_that_is_not_there(typed: str, tmp_path: Path) -> None:
    said = snas("search", "digits", *typed.split(), cwd=tmp_path, code=2).stderr
    assert "there is no CUDA GPU here" in said


def test_every_fault_of_every_recipe_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("data: {dataset: digts}\nsearch:\n  generatoins: 3\n")
    (tmp_path / "two.yaml").write_text("data: {dataset: digits}\n")
    (tmp_path / "three.yaml").write_text("limits:\n  max_params: lots\n")
    said = snas("recipes", "check", "one.yaml", "two.yaml", "three.yaml", cwd=tmp_path, code=2)
    assert said.stdout == "two.yaml: sound\n"
    assert [line.split(": ")[1] for line in said.stderr.splitlines()] == [
        "one.yaml:3", "one.yaml:1", "three.yaml:2",
    ]  # fmt: skip
