"""Scores, costs and times in words."""

from __future__ import annotations

import pytest

from snas_cli.api import ACCURACY, Objective, Proposal, Trial
from snas_cli.recipe.schema import Recipe
from snas_cli.search.wording import (
    Measure,
    cost_text,
    costs_of,
    duration,
    measure_of,
    objective_text,
    objective_title,
    results,
    worth,
)
from tests.search import stub

TRAINED = {
    "stage": "final", "trial": 3, "family": "cnn", "fingerprint": "f", "fitness": 0.9,
    "val_acc": 0.95, "val_balanced_acc": 0.94, "params": 1234, "flops": 5678, "test_acc": 0.93,
}  # fmt: skip
REPEATED = {"repeats": 3, "val_acc_mean": 0.9823, "val_acc_sd": 0.0031, "test_acc_mean": 0.93,
            "test_acc_sd": 0.01}  # fmt: skip


@pytest.mark.parametrize(
    ("sections", "name", "short", "text"),
    [
        ({}, "validation accuracy", "validation", "12.35 %"),
        ({"training": {"monitor": "val_loss"}}, "validation accuracy", "validation", "12.35 %"),
        ({"training": {"monitor": "val_balanced_acc"}}, "balanced validation accuracy",
         "balanced validation", "12.35 %"),
        ({"evaluator": {"name": "table"}}, "fitness", "fitness", "0.1235"),
    ],
)  # fmt: skip
def test_the_fitness_goes_by_its_name(
    sections: dict[str, object], name: str, short: str, text: str
) -> None:
    measure = measure_of(Recipe.model_validate(sections))
    assert (measure.name, measure.short, measure.text(0.12346)) == (name, short, text)


def test_gains() -> None:
    assert Measure("accuracy", "val_acc").gain_text(0.0123) == "+1.23 points"
    assert Measure("fitness").gain_text(-1234.56) == "-1235"


def test_results_of_what_was_trained() -> None:
    measure = Measure("balanced validation accuracy", "val_balanced_acc")
    assert list(results(TRAINED, measure)) == [
        ("balanced validation accuracy", "94.00 %"),
        ("test accuracy", "93.00 %"),
    ]
    tested = dict(results({**TRAINED, "test_balanced_acc": 0.9}, measure))
    assert tested["balanced test accuracy"] == "90.00 %"
    plain = Measure("validation accuracy", "val_acc")
    assert "balanced test accuracy" not in dict(
        results({**TRAINED, "test_balanced_acc": 0.9}, plain)
    )
    repeated = dict(results({**TRAINED, **REPEATED}, measure))
    assert repeated["validation, on average"] == "98.2 % ± 0.3 over 3 trainings"
    assert repeated["test, on average"] == "93.0 % ± 1.0 over 3 trainings"


def test_results_of_an_evaluator_are_whatever_numbers_it_gives() -> None:
    best = {"stage": "search", "trial": 1, "family": "x", "fingerprint": "f", "fitness": 12345.6,
            "latency": 3, "where": "device"}  # fmt: skip
    assert list(results(best, Measure("fitness"))) == [("fitness", "1.235e+04"), ("latency", "3")]


def test_what_the_search_was_worth() -> None:
    controls = {"random": {"test_acc": 0.91, "params": 99_000}}
    assert list(worth({**TRAINED, "controls": controls})) == [
        ("random search, for as many epochs",
         "91.00 % on the test pictures with 99k parameters: the search is worth +2.00 points")
    ]  # fmt: skip
    assert list(worth(TRAINED)) == []


def test_costs() -> None:
    assert costs_of(TRAINED) == "1.23k parameters, 5.68k FLOPs"
    assert costs_of({"params": 10, "latency_ms": 0.1234}) == "10 parameters, 0.123 ms"
    assert costs_of({}) == ""
    assert cost_text("size_bytes", 1_500_000) == "1.5MB"
    assert cost_text("energy", 1.23456) == "1.235"


def test_objectives() -> None:
    genome = stub.SPACE.genome("wide", {"size": 4, "flag": True, "rate": 0.1})
    trial = Trial(0, 0, Proposal(genome, "random"), 0.5, {"params": 1234})
    measure = Measure("validation accuracy", "val_acc")
    params = Objective("params", "params")
    assert objective_text(ACCURACY, trial, measure) == "50.00 %"
    assert objective_text(params, trial, measure) == "1.23k"
    assert objective_title(params, measure) == "parameters"
    assert objective_title(Objective("energy", "energy"), measure) == "energy"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
