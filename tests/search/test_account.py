"""What is made of a run's recipe, trials and journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from snas_cli.errors import RecipeError
from snas_cli.recipe.loading import dump
from snas_cli.recipe.schema import Recipe
from snas_cli.search.account import (
    Account,
    account_as_json,
    correlation_text,
    recorded_recipe,
)
from snas_cli.search.lineage import Agreement
from tests.search.runs import account, trials


def test_the_winner_its_line_and_the_front() -> None:
    told = account({"search": {"objectives": ["accuracy", "params"]}})
    assert told.winner is not None
    assert told.winner.number == 4
    assert [trial.number for trial in told.lineage] == [4, 2, 0]
    assert [trial.number for trial in told.front] == [4, 2, 0]
    assert account().front == []  # one thing alone is sought


def test_a_run_without_a_network_or_whose_trial_is_gone() -> None:
    assert Account(Recipe(), [], [], None).winner is None
    assert account(best={"trial": 99}).lineage == []


def test_failures_are_counted_by_reason() -> None:
    assert account().failures == [("out of memory", 2), ("diverged", 1)]


def test_each_stretch_of_time_belongs_to_the_event_it_led_to() -> None:
    times = account().times
    assert (times.search, times.conclusion, times.total) == (30 + 20, 15 + 5, 70)
    assert times.trainings == sum(trial.seconds for trial in trials())


def test_generations_are_the_latest_summaries_in_order() -> None:
    assert [(e["generation"], e["best"]) for e in account().generations] == [(0, 0.6), (1, 0.75)]


def test_a_proxy_has_the_strategys_last_word() -> None:
    told = {record.name: record for record in account().proxies}
    assert list(told) == ["params", "zen", "naswot"]  # as in the recipe; flops have no scores
    assert (told["params"].used, told["zen"].used, told["naswot"].used) == (True, False, None)
    assert told["params"].verdict == "params: rank correlation 0.9: used"
    assert told["params"].agreement.trials == 5


def test_all_of_it_is_json() -> None:
    recipe = {"search": {"objectives": ["accuracy", "params"]}}
    document = json.loads(json.dumps(account_as_json(account(recipe))))
    assert document["front"][0] == {"trial": 4, "accuracy": 0.75, "params": 5000}
    assert document["failures"][0] == {"reason": "out of memory", "candidates": 2}
    assert document["seconds"]["total"] == 70
    assert document["measure"] == "validation accuracy"


@pytest.mark.parametrize(
    ("agreement", "words"),
    [
        (Agreement(40, 0.5, 0.2, 0.7), "0.50 (95 %: 0.20 to 0.70) over 40 trials"),
        (Agreement(4), "unknown: 4 trials have one, and 10 are needed"),
        (Agreement(40), "unknown: all 40 are alike"),
    ],
)
def test_correlations_in_words(agreement: Agreement, words: str) -> None:
    assert correlation_text(agreement) == words


def test_a_recorded_recipe_is_read_without_its_plugins(tmp_path: Path) -> None:
    recipe = Recipe.model_validate({"evaluator": {"name": "nobody_has_it"}})
    path = tmp_path / "recipe.yaml"
    path.write_text(dump(recipe))
    assert recorded_recipe(path) == recipe
    path.write_text("search: {generatons: 3}\n")
    with pytest.raises(RecipeError, match=r"recipe\.yaml: search\.generatons: .* version of snas"):
        recorded_recipe(path)


def test_the_journal_may_be_empty() -> None:
    nothing: list[dict[str, Any]] = []
    told = Account(Recipe(), trials(), nothing, None)
    assert told.times.total == 0
    assert told.generations == []
