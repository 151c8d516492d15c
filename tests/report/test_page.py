"""The report: one file, nothing from elsewhere, and nothing that its content could run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from snas_cli.errors import RunError
from snas_cli.experiment.assembly import trials_of
from snas_cli.recipe.loading import dump
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.report.page import account_of, best_of, write_report
from snas_cli.runs.files import write_json
from snas_cli.runs.folder import RunFolder
from tests.experiment import tiny
from tests.search.runs import BEST, JOURNAL, trials

HEADINGS = (
    "What was searched",
    "What the search was worth", "Every candidate, and the best so far", "Generation by generation",
    "The best of the search", "The Pareto front",
    "The last trainings, epoch by epoch", "The network that was kept", "What it takes for what",
    "Where it comes from: its best parents", "Which operators paid", "Which genes mattered",
    "What was foretold",
    "Failures", "Time", "To repeat it",
)  # fmt: skip


def written(
    folder: Path,
    sections: Mapping[str, Any],
    best: Mapping[str, Any] = BEST,
    *,
    trained: bool = True,
) -> str:
    """The report of a made-up run."""
    run = RunFolder(folder)
    run.best.mkdir()
    write_json(run.best / "metrics.json", best)
    run.recipe.write_text(dump(Recipe.model_validate(sections)), encoding="utf-8")
    journal = [{**e, "best": best} if e["event"] == "finished" else e for e in JOURNAL]
    run.journal.write_text("".join(json.dumps(event) + "\n" for event in journal))
    path = write_report(run, trials(trained=trained))
    return path.read_text(encoding="utf-8")


class Balanced(HTMLParser):
    """Checks that what is opened is closed."""

    VOID = ("meta", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check_sound(text: str) -> None:
    """One file that is all there is to it, with every heading."""
    parser = Balanced()
    parser.feed(text)
    parser.close()
    assert parser.open == ["html"]  # its end may be left out
    assert "http" not in text
    assert "<script" not in text
    assert "nan" not in text.partition("<details>")[0]
    for heading in HEADINGS:
        assert f"<h2>{heading}</h2>" in text


def test_every_search_leaves_a_report(registry: Registry, tmp_path: Path) -> None:
    folder = tiny.search(registry, tmp_path).folder
    text = (folder.path / "report.html").read_text(encoding="utf-8")
    check_sound(text)
    assert text.count("<title>trial ") == 10 + 4  # a mark for each trial, a dot for each last epoch
    assert "No choice was made by the test pictures" in text
    assert write_report(folder, trials_of(folder, registry)).read_text(encoding="utf-8") == text


def test_a_report_of_two_objectives(tmp_path: Path) -> None:
    controls = {"random": {"val_acc": 0.7, "test_acc": 0.75, "params": 4000}}
    recipe = {"search": {"objectives": ["accuracy", "params"]}, "space": {"families": ["cnn"]}}
    text = written(tmp_path, recipe, {**BEST, "controls": controls})
    check_sound(text)
    for part in ("<b>wide</b> with 5k parameters, 9k FLOPs a picture", "<td>80.00 %</td>",
                 "the search is worth +2.00 points", "<td>random search, for as many epochs</td>",
                 "faint: not on the front", "<td>crossover+nudge</td>", "<td>+15.00 points</td>",
                 "<td>2</td><td>out of memory</td>", "<td>not used</td>", "level 2",
                 "torch 2.9</td>", "<td>trained on</td><td>cpu</td>",
                 "<td>50 s</td>", "<td>20 s</td>"):  # fmt: skip
        assert part in text, part


def test_a_report_of_an_evaluators_scores(tmp_path: Path) -> None:
    best = {"stage": "search", "trial": 4, "family": "wide", "fingerprint": "f", "fitness": 0.75}
    text = written(tmp_path, {"evaluator": {"name": "table"}}, best, trained=False)
    check_sound(text)
    before_recipe = text.partition("<details>")[0].split("</style>")[1]
    for part in ("judged by the evaluator table", "<td>0.75</td>", "there are no weights",
                 "nothing was trained", "so there is no front", "<td>+0.15</td>",
                 "has no model", "No candidate has a score that needs no training"):  # fmt: skip
        assert part in before_recipe, part
    for part in ("parameters", "FLOPs", "%", "test pictures", "snas evaluate"):
        assert part not in before_recipe, part


def test_what_is_missing_says_why(tmp_path: Path) -> None:
    text = written(tmp_path, {}, {**BEST, "trial": 0})
    for part in ("no controls were trained", "so there is no front", "It has no parents",
                 "the strategy evolution has no model"):  # fmt: skip
        assert part in text, part


def test_a_report_of_a_run_that_goes_on(registry: Registry, tmp_path: Path) -> None:
    folder = tiny.search(registry, tmp_path).folder
    lines = folder.journal.read_bytes().splitlines(keepends=True)
    folder.journal.write_bytes(b"".join(lines[:9]))
    best = {key: value for key, value in folder.metrics().items() if not key.startswith("test_")}
    known = folder.trials(trials_space(registry))
    write_json(folder.best / "metrics.json", {**best, "trial": known[0].number})
    text = write_report(folder, known).read_text(encoding="utf-8")
    check_sound(text)
    assert "The search has not finished" in text
    assert "Not tested yet" in text
    account = account_of(folder, known)
    assert account.best == best_of(folder)


def trials_space(registry: Registry) -> Any:
    from snas_cli.recipe.resolve import space_of

    return space_of(Recipe.model_validate(tiny.VALUES).space, registry)


def test_what_a_recipe_says_is_shown_and_not_run(registry: Registry, tmp_path: Path) -> None:
    folder = tiny.search(registry, tmp_path).folder
    folder.recipe.write_text(folder.recipe.read_text() + "# <script>alert(1)</script>\n")
    text = write_report(folder, trials_of(folder, registry)).read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_what_plugins_name_is_shown_and_not_run(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.best.mkdir()
    write_json(run.best / "metrics.json", {**BEST, "family": "<script>"})
    run.recipe.write_text(dump(Recipe()))
    odd = [
        replace(trial, reason="<script>" if trial.failed else None,
                proposal=replace(trial.proposal, operator="<script>"))
        for trial in trials()
    ]  # fmt: skip
    assert "<script" not in write_report(run, odd).read_text(encoding="utf-8")


def test_a_report_of_a_run_without_a_network(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.recipe.write_text(dump(Recipe()))
    run.journal.write_text("")
    failed = [trial for trial in trials() if trial.failed]
    text = write_report(run, failed).read_text(encoding="utf-8")
    check_sound(text)
    for part in ("The search has not finished", "No network has been kept yet",
                 "No candidate could be judged", "<td>2</td><td>out of memory</td>"):  # fmt: skip
        assert part in text, part


def test_a_network_whose_trial_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no trial 99, whose network was kept"):
        written(tmp_path, {}, {**BEST, "trial": 99})
