"""`snas runs`, `snas report` and what else looks at a run, of networks and of an evaluator's
scores."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
import yaml

from snas_cli.registry import GROUP, Registry
from tests.cli.snas import snas
from tests.experiment import tiny

PLUGIN = '''
"""Sums of digits, without training."""

from snas_cli.api import CandidateError, Choice, Evaluation, Evaluator, Family, hookimpl


class Digits(Family):
    name = "digits_in_a_row"
    genes = {place: Choice(*range(10)) for place in ("one", "two", "three")}

    def build(self, genes, task):
        from math import prod

        from torch import nn

        return nn.Sequential(nn.Flatten(), nn.Linear(prod(task.input_shape), task.classes))


class Bare(Digits):
    name = "bare_digits"
    shared_genes = False


class Sum(Evaluator):
    name = "sum_of_digits"
    summary = "the sum of the digits"

    def evaluate(self, genome):
        if genome.genes["one"] == 9:
            raise CandidateError("nine is taken")
        digits = (genome.genes[place] for place in Digits.genes)
        return Evaluation(fitness=float(sum(digits)), metrics={"energy": 2.5})


@hookimpl
def snas_register_families():
    return [Digits(), Bare()]


@hookimpl
def snas_register_evaluators():
    return [Sum]
'''

RECIPE = {
    "space": {"families": ["digits_in_a_row"]},
    "evaluator": {"name": "sum_of_digits"},
    "search": {"max_trials": 30, "population_size": 6},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run by an evaluator and one by training."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "snas_sum_of_digits.py").write_text(PLUGIN)
    (folder / "sum.yaml").write_text(yaml.safe_dump(RECIPE))
    balanced = {**tiny.VALUES, "training": {**tiny.VALUES["training"],
                                            "monitor": "val_balanced_acc"},
                "space": {"families": ["mlp"], "max_layers": 3,
                          "levels": [{"layers": [2, 2]}, {"layers": [2, 3]}]},
                "finale": {"epochs": 2, "seeds": 2}}  # fmt: skip
    (folder / "tiny.yaml").write_text(yaml.safe_dump(balanced))
    with pytest.MonkeyPatch.context() as patch:
        with_plugin(patch, folder)
        (folder / "said.txt").write_text(snas("search", "sum.yaml", cwd=folder).stdout)
        snas("search", "tiny.yaml", cwd=folder)
    return folder


@pytest.fixture(autouse=True)
def _plugin(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_plugin(monkeypatch, place)


def with_plugin(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """As if the package were installed."""
    patch.syspath_prepend(folder)
    point = EntryPoint("sum_of_digits", "snas_sum_of_digits", GROUP)
    patch.setattr(Registry, "installed", lambda: Registry([*entry_points(group=GROUP), point]))
    patch.setenv("COLUMNS", "120")


def test_the_end_of_a_search_by_an_evaluator(place: Path) -> None:
    said = (place / "said.txt").read_text()
    assert "The best architecture: trial " in said
    assert "energy  2.5" in said
    assert "snas runs show runs/sum_of_digits-001" in said
    assert "failed: " in said
    for part in ("%", "parameters", "snas export", "snas evaluate", "epochs each"):
        assert part not in said


def test_the_list_has_both_kinds(place: Path) -> None:
    said = snas("runs", cwd=place).stdout
    rows = {line.split()[0]: line for line in said.splitlines() if line.startswith(" runs/")}
    by_evaluator, trained = rows["runs/sum_of_digits-001"], rows["runs/digits-001"]
    assert "%" not in by_evaluator
    assert "digits_in_a_row" in by_evaluator
    assert "% (balanced)" in trained
    assert snas("runs", "list", cwd=place).stdout == said
    listed = json.loads(snas("runs", "--json", cwd=place).stdout)
    assert json.loads(snas("runs", "list", "--json", cwd=place).stdout) == listed
    assert {run["state"] for run in listed} == {"finished"}


def test_a_damaged_recipe_does_not_hide_the_other_runs(place: Path, tmp_path: Path) -> None:
    for name, text in (("good", "{}"), ("bad", "search: {generatons: 3}")):
        best = tmp_path / "runs" / name / "best"
        best.mkdir(parents=True)
        (best.parent / "recipe.yaml").write_text(text)
        (best / "metrics.json").write_text(
            '{"stage": "final", "trial": 1, "family": "cnn", "fingerprint": "f", "fitness": 0.5, '
            '"val_acc": 0.5, "params": 10}'
        )
    said = snas("runs", cwd=tmp_path).stdout
    assert "damaged recipe" in said
    assert "50.00 %" in said


def test_a_run_by_an_evaluator_is_shown(place: Path) -> None:
    said = snas("runs", "show", "runs/sum_of_digits-001", cwd=place).stdout
    for part in ("finished, 30 trials", "Which operators paid", "failed: nine is taken",
                 "The winner and its best parents", "rank correlation of the model's"):  # fmt: skip
        assert part in said
    document = json.loads(
        snas("runs", "show", "runs/sum_of_digits-001", "--json", cwd=place).stdout
    )
    assert document["measure"] == "fitness"
    assert document["lineage"][0]["trial"] == document["best"]["trial"]
    assert document["surrogate"]["trials"] >= 10
    assert sum(row["children"] for row in document["operators"]) >= 30
    assert document["failures"][0]["reason"] == "nine is taken"
    assert len(document["trials"]) == 30


def test_a_trained_run_is_shown(place: Path) -> None:
    said = snas("runs", "show", "runs/digits-001", cwd=place).stdout
    assert "balanced validation accuracy" in said
    assert "over 2 trainings" in said
    assert "kept: mlp" in said


def test_runs_are_compared(place: Path) -> None:
    names = ("runs/digits-001", "runs/sum_of_digits-001")
    said = snas("runs", "compare", *names, cwd=place).stdout
    assert "evaluator.name" in said
    assert "balanced validation accuracy" in said
    document = json.loads(snas("runs", "compare", *names, "--json", cwd=place).stdout)
    assert document["recipes"]["evaluator.name"] == ["training", "sum_of_digits"]
    assert document["results"]["trials"] == [10, 30]
    same = snas("runs", "compare", names[0], names[0], cwd=place).stdout
    assert "their recipes are the same" in same
    alone = snas("runs", "compare", names[0], cwd=place, code=2).stderr
    assert "name two or more" in alone


def test_the_report_of_an_evaluators_run(place: Path) -> None:
    said = snas("report", "runs/sum_of_digits-001", cwd=place).stdout
    text = (place / said.strip()).read_text(encoding="utf-8")
    assert "judged by the evaluator sum_of_digits" in text


@pytest.mark.parametrize("command", ["export", "evaluate"])
def test_what_was_never_trained_cannot_be_used_yet(place: Path, command: str) -> None:
    said = snas(command, "runs/sum_of_digits-001", cwd=place, code=1).stderr
    assert "was judged by the evaluator 'sum_of_digits' and never trained; train it with: " in said
    assert "snas evaluate runs/sum_of_digits-001/best/architecture.json --dataset NAME" in said


def test_what_was_never_trained_can_be_trained(place: Path, tmp_path: Path) -> None:
    file = "runs/sum_of_digits-001/best/architecture.json"
    options = ("--dataset", "digits", "--epochs", 1, "--output", tmp_path, "--json")
    scores = json.loads(snas("evaluate", file, *options, cwd=place).stdout)
    assert scores["pictures"] > 300


def test_what_has_no_learning_rate_cannot_be_trained(place: Path) -> None:
    bare = {"format": 1, "evaluator": "sum_of_digits", "family": "bare_digits",
            "genes": {"one": 1, "two": 2, "three": 3}}  # fmt: skip
    (place / "bare.json").write_text(json.dumps(bare))
    said = snas("evaluate", "bare.json", "--dataset", "digits", cwd=place, code=2).stderr
    assert "the family 'bare_digits' is for evaluators alone" in said


def test_the_journal_has_the_level_of_each_generation(place: Path) -> None:
    journal = (place / "runs/digits-001/journal.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in journal]
    levels = [event["level"] for event in events if event["event"] == "generation"]
    assert levels == [1, 2, 2]
    assert "level 2" in (place / "runs/digits-001/report.html").read_text()


def test_a_damaged_journal_does_not_hide_the_other_runs(place: Path, tmp_path: Path) -> None:
    for name, journal in (("good", ""), ("bad", '{"event": 7}\n{"event": "started"}\n')):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "recipe.yaml").write_text("{}")
        (tmp_path / "runs" / name / "journal.jsonl").write_text(journal)
    said = snas("runs", cwd=tmp_path).stdout
    states = {line.split()[0]: line.split()[1] for line in said.splitlines() if "runs/" in line}
    assert states == {"runs/bad": "damaged", "runs/good": "stopped"}
    assert "snas runs show RUN says what is damaged" in said
    (bad,) = [
        r for r in json.loads(snas("runs", "--json", cwd=tmp_path).stdout) if "bad" in r["run"]
    ]
    assert "journal.jsonl:1: not an event" in bad["reason"]
