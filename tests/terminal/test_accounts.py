"""A run as it is told, and runs side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from snas_cli.recipe.schema import Recipe
from snas_cli.search.account import Account
from snas_cli.terminal.accounts import result_lines, sections
from snas_cli.terminal.comparing import (
    comparison_as_json,
    recipe_differences,
    recipes_table,
    results_table,
)
from tests.search.runs import BEST, JOURNAL, account, evaluators_account, trials


def told(run: Account, width: int = 80) -> str:
    screen = StringIO()
    console = Console(file=screen, width=width, color_system=None)
    for part in (*result_lines(run), *sections(run)):
        console.print(part)
    assert max(map(len, screen.getvalue().splitlines())) <= width
    return screen.getvalue()


@pytest.mark.parametrize("width", [80, 200])
def test_a_trained_run(width: int) -> None:
    text = told(account({"search": {"objectives": ["accuracy", "params"]}}), width)
    for part in ("trial 4, wide, 5k parameters, 9k FLOPs", "validation accuracy 80.00 %",
                 "no choice was made by", "Best of the search", "Pareto front",
                 "kept: wide size=16", "Which operators paid", "+15.00 points",
                 "The winner and its best parents", "Scores that need no training",
                 "the strategy does not say", "2 failed: out of memory"):  # fmt: skip
        assert part in text
    assert "time: 1 min 10 s: 50 s of search" in " ".join(text.split())


@pytest.mark.parametrize("width", [80, 200])
def test_an_evaluators_run_has_a_plain_score_and_no_more_columns_than_it_knows(width: int) -> None:
    text = told(evaluators_account(), width)
    for part in ("The best architecture: trial 4, wide\n", "fitness 0.75", "+0.15"):
        assert part in text
    for part in ("%", "parameters", "FLOPs", "layers", "Pareto", "no training", "epochs"):
        assert part not in text


def test_a_run_that_has_no_network_yet() -> None:
    text = " ".join(told(Account(Recipe(), [], [], None)).split())
    assert text.startswith("no network has been kept yet time: 0 s: ")


def test_controls_are_shown_with_what_the_search_was_worth() -> None:
    controls = {"hand_made": {"test_acc": 0.75, "params": 4900}}
    text = " ".join(told(account(best={**BEST, "controls": controls})).split())
    assert "a network made by hand, as large: 75.00 % on the test pictures" in text
    assert "the search is worth +2.00 points" in text


def test_rungs_are_a_column_where_they_differ() -> None:
    assert "rungs" not in told(account())
    uneven = [replace(trials()[0], rungs=(0.4, 0.5)), *trials()[1:]]
    assert "rungs" in told(Account(Recipe(), uneven, JOURNAL, BEST))


def several() -> list[Account]:
    other = Recipe.model_validate(
        {"seed": 3, "space": {"families": ["cnn"]}, "training": {"monitor": "val_balanced_acc"}}
    )
    return [account(), Account(other, trials()[:2], JOURNAL, {**BEST, "trial": 0})]


def test_recipes_differ_by_dotted_keys() -> None:
    assert recipe_differences(several()) == {
        "seed": [0, 3],
        "space.families": [None, ["cnn"]],
        "training.monitor": ["val_acc", "val_balanced_acc"],
    }
    assert recipe_differences([account(), account()]) == {}
    table = {"evaluator": {"name": "table", "options": {"file": "x.csv"}}}
    differences = recipe_differences([account(), account(table)])
    assert differences["evaluator.options.file"] == [None, "x.csv"]


def test_results_side_by_side() -> None:
    names = ["a", "b", "c"]
    document = json.loads(json.dumps(comparison_as_json(names, [*several(), evaluators_account()])))
    assert document["runs"] == names
    results = document["results"]
    assert results["validation accuracy"] == [0.8, 0.8, None]
    assert results["balanced validation accuracy"] == [0.79, 0.79, None]
    assert results["fitness"] == [None, None, 0.75]
    assert results["test accuracy"] == [0.77, 0.77, None]
    assert results["trials"] == [8, 2, 8]
    assert results["failed"] == [3, 0, 3]
    assert results["epochs of candidates"] == [10, 4, None]
    assert results["seconds"] == [70, 70, 0]


def test_the_tables_of_a_comparison() -> None:
    screen = StringIO()
    console = Console(file=screen, width=80, color_system=None)
    runs = [*several(), evaluators_account()]
    console.print(recipes_table(["a", "b", "c"], runs))
    console.print(results_table(["a", "b", "c"], runs))
    text = " ".join(screen.getvalue().split())
    assert 'space.families null ["cnn"] null' in text
    assert "validation accuracy 80.00 % 80.00 % –" in text
    assert "fitness – – 0.75" in text
    assert "parameters 5k 5k –" in text
    assert "time 1 min 10 s 1 min 10 s 0 s" in text
