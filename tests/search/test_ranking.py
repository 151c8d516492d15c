"""Which trials are the best: fronts, crowding, the hypervolume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snas_cli.api import ACCURACY, Genes, Genome, Objective, Proposal, Trial, by_fitness
from snas_cli.errors import SearchError
from snas_cli.search.ranking import (
    Reference,
    by_dominance,
    finalists,
    front,
    hypervolume,
    leaders,
    reference_point,
)

PARAMS = Objective("params", "params")
AUC = Objective("auc", "auc", largest=True)
TWO = (ACCURACY, PARAMS)
THREE = (ACCURACY, PARAMS, AUC)


def trial(
    number: int,
    fitness: float | None,
    params: float = 0,
    auc: float = 0,
    *,
    rungs: int = 1,
    architecture: int | None = None,
) -> Trial:
    genome = Genome("any", Genes({"number": number if architecture is None else architecture}))
    scores = (0.0,) * rungs
    metrics = {"params": params, "auc": auc}
    return Trial(number, 0, Proposal(genome, "random"), fitness, metrics, rungs=scores)


def numbers(trials: Sequence[Trial]) -> list[int]:
    return [trial.number for trial in trials]


@st.composite
def histories(draw: st.DrawFn) -> list[Trial]:
    """Few values, so that many are equal; some failed, some were trained further, and equal
    architectures have equal outcomes."""
    values = st.integers(0, 4)
    rows = draw(st.lists(st.tuples(values | st.none(), values, values), max_size=25))
    trials = []
    for number, (fitness, params, auc) in enumerate(rows):
        again = draw(st.sampled_from([None, None, None, *range(number)]))
        if again is None:
            trials.append(trial(number, fitness, params, auc, rungs=draw(st.integers(0, 2))))
        else:
            trials.append(replace(trials[again], number=number))
    return trials


objectives = st.sampled_from([TWO, THREE, (PARAMS,), (AUC, PARAMS)])
quickly = settings(deadline=None, max_examples=100)


def betters(one: Trial, other: Trial, objectives: Sequence[Objective]) -> bool:
    mine, yours = ([o.value(trial) for o in objectives] for trial in (one, other))
    return mine != yours and all(a <= b for a, b in zip(mine, yours, strict=True))


def depth(trial: Trial, trials: Sequence[Trial], objectives: Sequence[Objective]) -> int:
    """The number of its front, by the definition."""
    above = [other for other in trials if betters(other, trial, objectives)]
    return 1 + max((depth(other, above, objectives) for other in above), default=-1)


# --- ranks ----------------------------------------------------------------------------------------


@quickly
@given(histories(), objectives)
def test_further_rungs_come_first_and_then_fronts_one_by_one(
    trials: list[Trial], objectives: tuple[Objective, ...]
) -> None:
    ranked = by_dominance(objectives)(trials)
    assert sorted(numbers(ranked)) == [t.number for t in trials if not t.failed]
    assert all(len(one.rungs) >= len(other.rungs) for one, other in pairwise(ranked))
    for rungs in {len(t.rungs) for t in ranked}:
        group = [t for t in ranked if len(t.rungs) == rungs]
        depths = [depth(t, group, objectives) for t in group]
        assert depths == sorted(depths)


@quickly
@given(histories(), objectives, st.randoms(use_true_random=False))
def test_the_order_of_what_is_ranked_changes_nothing(
    trials: list[Trial], objectives: tuple[Objective, ...], rng: Random
) -> None:
    shuffled = rng.sample(trials, len(trials))
    assert by_dominance(objectives)(shuffled) == by_dominance(objectives)(trials)
    assert front(shuffled, objectives) == front(trials, objectives)


@quickly
@given(histories())
def test_one_objective_is_ranked_as_the_fitness_is(trials: list[Trial]) -> None:
    assert by_dominance([ACCURACY]) is by_fitness
    by_metric = [replace(t, metrics={"params": -(t.fitness or 0)}) for t in trials]
    assert numbers(_first_of_each(by_dominance([PARAMS])(by_metric))) == numbers(
        _first_of_each(by_fitness(trials))
    )


def _first_of_each(ranked: Sequence[Trial]) -> list[Trial]:
    """Of equals by architecture or by outcome, the first: where the others stand differs."""
    first: dict[object, Trial] = {}
    for item in ranked:
        first.setdefault((len(item.rungs), item.fitness), item)
    return list(first.values())


def test_of_a_front_the_lonelier_come_first() -> None:
    """By hand: 0 and 4 are the ends; 1, 2 and 3 span 0.5 + 0.8, 0.3 + 0.6 and 0.5 + 0.2."""
    trials = [
        trial(0, 1.0, 10),
        trial(1, 0.7, 8),
        trial(2, 0.5, 2),
        trial(3, 0.4, 2 - 0.0001),
        trial(4, 0.0, 0),
        trial(5, 0.3, 9),
    ]
    assert numbers(by_dominance(TWO)(reversed(trials))) == [0, 4, 1, 2, 3, 5]


def test_what_is_there_already_comes_last_in_its_front() -> None:
    trials = [
        trial(0, 0.9, 9),
        trial(1, 0.9, 9, architecture=0),
        trial(2, 0.5, 5),
        trial(3, 0.5, 5),  # another network, no other outcome
        trial(4, 0.1, 1),
        trial(5, 0.1, 2),
    ]
    assert numbers(by_dominance(TWO)(trials)) == [0, 4, 2, 1, 3, 5]
    assert numbers(front(trials, TWO)) == [0, 2, 3, 4]


def test_leaders_are_different_architectures() -> None:
    trials = [trial(0, 0.5), trial(1, 0.9, 9), trial(2, 0.9, 9, architecture=1), trial(3, None)]
    assert numbers(leaders(trials, 5)) == [1, 0]
    assert numbers(leaders(trials, 1, by_dominance([PARAMS]))) == [0]
    halved = [*trials, trial(4, 0.4, rungs=2)]
    assert numbers(leaders(halved, 2)) == [4, 1]


def test_finalists_have_the_least_loss_of_the_most_accurate() -> None:
    def lossy(number: int, fitness: float, loss: float, rungs: int = 2) -> Trial:
        found = trial(number, fitness, rungs=rungs)
        return replace(found, metrics={**found.metrics, "val_loss": loss})

    trials = [lossy(0, 0.7, 0.9), lossy(1, 0.6, 0.8), lossy(2, 0.5, 0.7), lossy(3, 0.4, 0.1)]
    assert numbers(finalists(trials, 1)) == [2], "the last is not among the three best"
    assert numbers(finalists(trials, 2)) == [3, 2]
    trials[2] = lossy(2, 0.9, 0.1, rungs=1)
    assert numbers(finalists(trials[:3], 1)) == [1], "it was trained less than the others"
    assert numbers(finalists([trial(0, 0.1), trial(1, 0.2)], 1)) == [1], "nobody knows their loss"


def test_nothing_has_no_rank() -> None:
    assert by_dominance(TWO)([]) == by_dominance(TWO)([trial(0, None)]) == []
    assert front([trial(0, None)], TWO) == []


# --- the front ------------------------------------------------------------------------------------


@quickly
@given(histories(), objectives)
def test_the_front_is_what_nobody_betters(
    trials: list[Trial], objectives: tuple[Objective, ...]
) -> None:
    alive = [t for t in trials if not t.failed]
    furthest = [t for t in alive if len(t.rungs) == max(len(a.rungs) for a in alive)]
    undominated = {
        t.genome.fingerprint
        for t in furthest
        if not any(betters(other, t, objectives) for other in furthest)
    }
    found = front(trials, objectives)
    assert [t.genome.fingerprint for t in found] == list(
        dict.fromkeys(t.genome.fingerprint for t in found)
    )
    assert {t.genome.fingerprint for t in found} == undominated
    values = [objectives[0].value(t) for t in found]
    assert values == sorted(values)


# --- the hypervolume ------------------------------------------------------------------------------


def test_hypervolume_by_hand() -> None:
    first = [trial(0, 0.5, 100), trial(1, 0.1, 20)]
    reference = reference_point(first, TWO)
    assert reference == Reference((-0.1, 100.0), (0.4, 80.0))
    assert hypervolume(first, TWO, reference) == 0  # ends of the box only
    more = [*first, trial(2, 0.3, 60)]
    assert hypervolume(more, TWO, reference) == pytest.approx(0.25)
    assert hypervolume([*more, trial(3, 0.05, 10)], TWO, reference) == pytest.approx(0.25)
    assert hypervolume([*more, trial(4, 0.9, 20)], TWO, reference) == pytest.approx(2)
    assert hypervolume([trial(0, None)], TWO, reference) == 0


def test_a_first_generation_of_one_kind_has_a_reference_too() -> None:
    same = [trial(0, 0.5, 0), trial(1, 0.5, 0)]
    assert reference_point(same, TWO) == Reference((-0.5, 0.0), (0.5, 1.0))


@quickly
@given(histories(), st.integers(1, 25))
def test_hypervolume_never_falls(trials: list[Trial], first: int) -> None:
    alive = [replace(t, rungs=()) for t in trials if not t.failed]
    if not alive:
        return
    reference = reference_point(alive[:first], THREE)
    volumes = [hypervolume(alive[:count], THREE, reference) for count in range(len(alive) + 1)]
    assert all(one <= other + 1e-12 for one, other in pairwise(volumes))


@quickly
@given(st.randoms(use_true_random=False))
def test_hypervolume_knows_no_units(rng: Random) -> None:
    trials = [trial(n, rng.random(), rng.random(), rng.random()) for n in range(12)]
    scaled = [
        replace(t, metrics={"params": 1000 * t.metrics["params"] + 7, "auc": t.metrics["auc"] / 8})
        for t in trials
    ]
    one, other = (
        hypervolume(some, THREE, reference_point(some[:6], THREE)) for some in (trials, scaled)
    )
    assert one == pytest.approx(other)


def test_a_reference_needs_a_trial() -> None:
    with pytest.raises(SearchError, match="no trial has succeeded"):
        reference_point([trial(0, None)], TWO)


# --- what cannot be ranked ------------------------------------------------------------------------


def test_an_objective_that_trials_lack_is_an_error() -> None:
    latency = Objective("latency_ms", "latency_ms")
    with pytest.raises(SearchError, match=r"'latency_ms' is no metric of trial 0"):
        by_dominance([ACCURACY, latency])([trial(0, 0.5)])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_an_error(value: float) -> None:
    trials = [trial(3, 0.5, 1), trial(4, 0.5, value)]
    for call in (by_dominance(TWO), lambda trials: front(trials, TWO)):
        with pytest.raises(SearchError, match=r"'params' of trial 4 is (nan|inf)"):
            call(trials)


def test_no_objective_is_an_error() -> None:
    with pytest.raises(SearchError, match="at least one objective"):
        by_dominance([])
