"""Regularized evolution."""

from __future__ import annotations

from typing import Any

import pytest

from snas_cli.api import SearchError, Trial
from snas_cli.registry import Registry
from tests.search import stub


def run(registry: Registry, generations: int, **changes: Any) -> list[Trial]:
    strategy = registry.strategy("aging")(stub.setup(registry, **changes))
    return stub.run(strategy, generations=generations)


def test_one_at_a_time_as_in_the_paper(registry: Registry) -> None:
    """Founders until there are P; then each child has one parent among the last P trials."""
    trials = run(registry, 60, options={"batch": 1})
    assert len(trials) == 60
    assert not any(trial.proposal.parents for trial in trials[:10])
    for trial in trials[10:]:
        (parent,) = trial.proposal.parents
        assert trial.number - 10 <= parent < trial.number
        assert trial.proposal.operator in registry.names("operator")


def test_it_draws_with_replacement(registry: Registry) -> None:
    """So that not even with large tournaments the best always wins."""
    trials = run(registry, 60, options={"batch": 1}, tournament_size=10)
    won = [
        trials[trial.proposal.parents[0]].fitness
        == max(earlier.fitness or 0 for earlier in trials[trial.number - 10 : trial.number])
        for trial in trials[10:]
    ]
    assert any(won)
    assert not all(won)


def test_the_best_dies_of_old_age(registry: Registry) -> None:
    trials = run(registry, 80, options={"batch": 1}, tournament_size=30)
    ages = [trial.number - trial.proposal.parents[0] for trial in trials[10:]]
    assert max(ages) <= 10


@pytest.mark.parametrize(("size", "batches"), [(10, [10, 5, 5, 5]), (1, [1, 1, 1, 1])])
def test_half_a_population_at_a_time(registry: Registry, size: int, batches: list[int]) -> None:
    trials = run(registry, 4, population_size=size)
    assert [sum(t.generation == g for t in trials) for g in range(4)] == batches


def test_the_first_generations_fill_the_population(registry: Registry) -> None:
    trials = run(registry, 4, options={"batch": 4})
    assert [bool(trial.proposal.parents) for trial in trials] == [False] * 10 + [True] * 6


@pytest.mark.parametrize("batch", [0, -1, 1.5, True, "2", None])
def test_a_batch_is_a_whole_number(registry: Registry, batch: Any) -> None:
    with pytest.raises(SearchError, match=r"search\.options\.batch is a whole number from 1 on"):
        run(registry, 1, options={"batch": batch})


def test_misspelt_options_are_told_by_the_likely_one(registry: Registry) -> None:
    with pytest.raises(SearchError, match=r"did you mean 'batch'\?"):
        run(registry, 1, options={"bach": 1})
