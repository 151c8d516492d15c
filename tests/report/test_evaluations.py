"""What `snas evaluate` wrote, in the report."""

from __future__ import annotations

from pathlib import Path

from snas_cli.report.evaluations import evaluations
from snas_cli.runs.files import write_json
from snas_cli.runs.folder import RunFolder
from tests.report.test_scores import scores


def test_each_evaluation_is_drawn(tmp_path: Path) -> None:
    for name in ("evaluation", "evaluation-val"):
        (tmp_path / name).mkdir()
        write_json(
            tmp_path / name / "scores.json",
            {**scores(["a", "b"]), "split": "test", "data": "digits"},
        )
    text = evaluations(RunFolder(tmp_path))
    assert text.count('aria-label="Confusion matrix"') == 2
    assert text.count('aria-label="ROC curves') == 2


def test_says_how_to_get_one(tmp_path: Path) -> None:
    assert "snas evaluate" in evaluations(RunFolder(tmp_path))
