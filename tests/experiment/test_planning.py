"""How long a search will be, by its recipe and by its budget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snas_cli.api import Candidate, Proposal
from snas_cli.execution.inline import evaluate_inline
from snas_cli.experiment.by_evaluator import EvaluatorJudge, evaluator_judge
from snas_cli.experiment.by_training import training_judge
from snas_cli.experiment.planning import (
    GENERATIONS,
    describe_search,
    expected_trials,
    planned_generations,
    rungs_for,
    setup_for,
    share_trained,
    trials_in,
)
from snas_cli.recipe.schema import LimitSettings, Recipe, RungSettings, SearchSettings
from snas_cli.registry import Registry
from snas_cli.search.rungs import Rungs
from tests.experiment import judged, tiny
from tests.search import stub


def settings(**changes: Any) -> SearchSettings:
    return SearchSettings.model_validate({"population_size": 10, "elites": 2, **changes})


# --- generations ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trials", "generations"), [(1, 1), (10, 1), (10.5, 2), (11, 2), (18, 2), (19, 3), (26, 3)]
)
def test_as_many_generations_as_the_trials_make_up(trials: float, generations: int) -> None:
    assert planned_generations(settings(), trials) == generations


@given(st.integers(2, 30), st.data(), st.integers(1, 500))
def test_the_last_generation_is_begun_and_none_is_left_out(
    population: int, data: st.DataObject, trials: int
) -> None:
    search = settings(population_size=population, elites=data.draw(st.integers(0, population - 1)))
    planned = planned_generations(search, trials)
    assert trials_in(search, planned) >= trials
    assert planned == 1 or trials_in(search, planned - 1) < trials


def test_what_the_recipe_says_comes_first() -> None:
    assert planned_generations(settings(generations=4), 1000) == 4
    assert planned_generations(settings()) == GENERATIONS


def test_the_plan_is_what_a_search_comes_to(registry: Registry) -> None:
    trials = stub.run(registry.strategy("evolution")(stub.setup(registry)), generations=4)
    assert len(trials) == trials_in(settings(), 4)


# --- trials ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "factor", "share"),
    [(1, 3, 1), (2, 2, 1 / 2 + 1 / 4), (2, 3, 1 / 3 + 2 / 9), (3, 3, 1 / 9 + 2 / 27 + 2 / 27)],
)
def test_the_share_of_training_that_rungs_leave(count: int, factor: int, share: float) -> None:
    """All have the first rung, a third the second, a ninth the third."""
    assert share_trained(RungSettings(count=count, factor=factor)) == pytest.approx(share)


@pytest.mark.parametrize(
    ("search", "trials"),
    [
        ({}, None),
        ({"max_trials": 40}, 40),
        ({"max_epochs": 200}, 20),
        ({"max_epochs": 200, "max_trials": 15}, 15),
        ({"max_epochs": 200, "max_trials": 50}, 20),
        ({"max_epochs": 150, "rungs": {"count": 2, "factor": 2}}, 20),
        ({"max_trials": 40, "rungs": {"count": 2}}, 40),
    ],
)
def test_trials_that_a_budget_allows_for(search: dict[str, Any], trials: float | None) -> None:
    """Of ten epochs each."""
    recipe = Recipe.model_validate({"search": search})
    expected = expected_trials(recipe.search, 10)
    assert expected == (None if trials is None else pytest.approx(trials))


def test_epochs_that_are_cut_short_allow_for_more(registry: Registry, tmp_path: Path) -> None:
    settings = {"epochs": 3, "batch_size": 64, "max_batches": 6}
    whole, cut = (
        training_judge(tiny.recipe(registry, tmp_path, training=training), registry)
        for training in (settings | {"max_batches": None}, settings)
    )
    assert (whole.epochs_each, cut.epochs_each) == (3, 3 * 6 / 17)
    assert expected_trials(SearchSettings(max_epochs=30), cut.epochs_each) == pytest.approx(
        28.33, abs=0.01
    )


@pytest.mark.parametrize(("generations", "fast"), [(1, 0), (2, 1), (6, 3), (7, 3)])
def test_the_first_half_is_fast(generations: int, fast: int) -> None:
    rungs = settings(rungs={"count": 3, "factor": 4, "fast": True})
    assert rungs_for(rungs, generations) == Rungs(3, 4, fast)
    slow = settings(rungs={"count": 3, "factor": 4})
    assert rungs_for(slow, generations) == Rungs(3, 4, 0)


# --- what a strategy is given ---------------------------------------------------------------------


def judge(folder: Path, **sections: dict[str, Any]) -> EvaluatorJudge:
    plugged = judged.registry()
    return evaluator_judge(judged.recipe(plugged, folder, **sections), plugged)


def test_a_strategy_is_given_what_the_recipe_says(tmp_path: Path) -> None:
    search = {"population_size": 7, "elites": 3, "tournament_size": 4, "mutation_rate": 0.3,
              "crossover_rate": 0.6, "objectives": ["params", "accuracy"], "proxies": ["zen"],
              "rungs": {"count": 2, "fast": True}}  # fmt: skip
    made = setup_for(judge(tmp_path, search=search, limits={"max_params": 50}), 6)
    assert (made.population_size, made.elites, made.tournament_size) == (7, 3, 4)
    assert (made.mutation_rate, made.crossover_rate) == (0.3, 0.6)
    assert (made.options, made.proxy_names, made.generations) == ({"pool": 4}, ("zen",), 6)
    assert [objective.name for objective in made.objectives] == ["params", "accuracy"]
    assert [made.rungs(generation) for generation in range(6)] == [1, 1, 1, 2, 2, 2]
    small, large = (made.space.genome("point", {"x": x, "y": 1}) for x in (4, 5))
    assert made.admit(small)
    assert not made.admit(large)


@pytest.mark.parametrize(("objective", "params"), [("params", 11), ("accuracy", 55)])
def test_trials_are_ranked_by_the_recipes_objectives(
    tmp_path: Path, objective: str, params: float
) -> None:
    judging = judge(tmp_path, search={"objectives": [objective]})
    made = setup_for(judging, 1)
    points = [made.space.genome("point", {"x": n, "y": n}) for n in (9, 1, 5)]
    candidates = [Candidate(n, 0, Proposal(point, "random")) for n, point in enumerate(points)]
    trials = evaluate_inline(
        candidates, lambda candidate: judging.evaluator.evaluate(candidate.proposal.genome)
    )
    assert made.rank(trials)[0].metrics["params"] == params


# --- what people are told -------------------------------------------------------------------------


def rows(**sections: dict[str, Any]) -> dict[str, str]:
    return dict(describe_search(Recipe.model_validate({"seed": 3, **sections}), 6))


def test_a_search_in_words() -> None:
    assert rows() == {
        "limits": "at most 20M FLOPs a picture",
        "search": "evolution, 6 generations of 10, 3 levels, 10 epochs each, seed 3",
    }


def test_one_generation_is_one() -> None:
    words = dict(describe_search(Recipe(), 1))
    assert words["search"].startswith("evolution, 1 generation of 10, ")


def test_rungs_objectives_and_what_has_none_of_them() -> None:
    search = {"rungs": {"count": 3}, "progressive": False, "objectives": ["accuracy", "params"]}
    words = rows(search=search)
    assert words["search"].endswith("10 epochs each, in 3 rungs, seed 3")
    assert "levels" not in words["search"]
    assert words["objectives"] == "accuracy, params"
    assert "epochs" not in rows(evaluator={"name": "table"}, search=search)["search"]


def test_every_limit_is_named() -> None:
    every = {"max_params": 300_000, "max_size_bytes": 1_500_000, "max_flops": 2_000_000,
             "max_latency_ms": 5.0, "max_activation_bytes": 250_000}  # fmt: skip
    assert every.keys() == LimitSettings.model_fields.keys()
    assert rows(limits=every)["limits"] == (
        "at most 300k parameters, 1.5MB of weights, 2M FLOPs a picture, 5 ms a picture, "
        "250kB a picture in training"
    )
    assert rows(limits={"max_flops": None})["limits"] == "none"
