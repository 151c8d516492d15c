"""The report: one file, nothing from elsewhere, and nothing that its content could run."""

from __future__ import annotations

from pathlib import Path

import pytest

from snas_cli.errors import RunError
from snas_cli.experiment.assembly import trials_of
from snas_cli.registry import Registry
from snas_cli.report.charts import progress_chart
from snas_cli.report.page import write_report
from snas_cli.runs.folder import RunFolder
from tests.experiment import tiny


def test_every_search_leaves_a_report(registry: Registry, tmp_path: Path) -> None:
    folder = tiny.search(registry, tmp_path).folder
    text = (folder.path / "report.html").read_text(encoding="utf-8")
    assert text.count("<circle") == 10
    assert "on the test pictures" in text
    assert "http" not in text
    assert write_report(folder, trials_of(folder, registry)).read_text(encoding="utf-8") == text


def test_what_a_recipe_says_is_shown_and_not_run(registry: Registry, tmp_path: Path) -> None:
    folder = tiny.search(registry, tmp_path).folder
    folder.recipe.write_text(folder.recipe.read_text() + "# <script>alert(1)</script>\n")
    text = write_report(folder, trials_of(folder, registry)).read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_run_without_a_network_has_no_report(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="snas resume"):
        write_report(RunFolder(tmp_path), [])


def test_a_chart_of_nothing_says_so() -> None:
    assert "No candidate could be judged" in progress_chart([])
