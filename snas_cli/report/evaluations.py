"""What `snas evaluate` has found out about a run's network, as drawings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from snas_cli.report.scores import confusion_drawing, roc_drawing
from snas_cli.runs.documents import damage_told
from snas_cli.runs.files import read_json
from snas_cli.runs.folder import RunFolder
from snas_cli.search.wording import percent


def evaluations(folder: RunFolder) -> str:
    """Confusion matrix and ROC curves of each evaluation, or how to get one. Raises RunError."""
    found = evaluation_files(folder)
    if not found:
        command = f"snas evaluate {folder.path}"
        return (
            f"<p>Not measured class by class yet; <code>{escape(command)}</code> does, and "
            "<code>snas report</code> then draws what was taken for what.</p>"
        )
    return "".join(map(_drawn, found))


def evaluation_files(folder: RunFolder) -> list[Path]:
    """scores.json of each data set and split."""
    return sorted(folder.path.glob("evaluation*/scores.json"))


def _drawn(path: Path) -> str:
    with damage_told(path):
        return _drawing(read_json(path))


def _drawing(scores: Mapping[str, Any]) -> str:
    split = {"val": "validation", "test": "test"}[scores["split"]]
    words = (
        f"{percent(scores['accuracy'])} of {scores['pictures']:,} {split} pictures of "
        f"{scores['data']}"
    )
    drawings = "".join(
        f'<div class="wide">{_inside_a_page(draw(scores))}</div>'
        for draw in (confusion_drawing, roc_drawing)
    )
    return f"<p>Right on {escape(words)}.</p>{drawings}"


def _inside_a_page(drawing: str) -> str:
    """HTML knows what an SVG is; without the address of its standard, the report has no address."""
    return re.sub(r' xmlns="[^"]*"', "", drawing, count=1)
