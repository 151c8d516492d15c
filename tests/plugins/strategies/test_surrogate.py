"""The model that evolution screens its children with: what it learns, and from which trials."""

from __future__ import annotations

from dataclasses import replace
from math import exp, isfinite
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from snas_plugins.strategies._surrogate import (
    BEST,
    LATEST,
    Surrogate,
    _chosen,
    _normal_scores,
    fit,
)

from snas_cli.api import ACCURACY, Genome, Objective, Proposal, Trial
from tests.search import stub

PARAMS = Objective("params", "params")


def genomes(count: int, seed: int = 0, family: str | None = None) -> list[Genome]:
    """Different ones."""
    rng, drawn = Random(seed), dict[str, Genome]()
    while len(drawn) < count:
        genome = stub.SPACE.sample(rng, family)
        drawn.setdefault(genome.fingerprint, genome)
    return list(drawn.values())


def trial(
    number: int, genome: Genome, fitness: float | None, rungs: int = 1, params: float = 0
) -> Trial:
    reason = "diverged" if fitness is None else None
    scores = (0.0,) * rungs
    return Trial(number, 0, Proposal(genome, "random"), fitness, {"params": params}, reason, scores)


def trials(count: int, seed: int = 0) -> list[Trial]:
    """By the formula."""
    drawn = genomes(count, seed)
    return [trial(number, genome, stub.fitness(genome)) for number, genome in enumerate(drawn)]


def means(surrogate: Surrogate, of: list[Genome]) -> list[float]:
    found: list[float] = surrogate.predict(of)[0].tolist()
    return found


# --- what it learns -------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "correlation"), [(30, 0.5), (100, 0.85)])
def test_it_ranks_what_it_has_not_seen(count: int, correlation: float) -> None:
    """By the formula over layers, rates and sizes."""
    told = trials(count)
    known = {one.genome.fingerprint for one in told}
    others = [genome for genome in genomes(200, seed=1) if genome.fingerprint not in known]
    predicted = means(fit(stub.SPACE, told, ACCURACY), others)
    assert spearmanr(predicted, [stub.fitness(genome) for genome in others]).statistic > correlation


def test_it_is_surer_of_what_it_has_seen() -> None:
    told = trials(40)
    surrogate = fit(stub.SPACE, told, ACCURACY)
    _, seen = surrogate.predict([one.genome for one in told])
    _, unseen = surrogate.predict(genomes(40, seed=1))
    assert seen.max() < fmean(unseen.tolist())


def test_the_order_in_which_trials_are_told_changes_nothing() -> None:
    told, others = trials(40), genomes(20, seed=1)
    expected = fit(stub.SPACE, told, ACCURACY).predict(others)
    for seed in range(3):
        shuffled = Random(seed).sample(told, len(told))
        found = fit(stub.SPACE, shuffled, ACCURACY).predict(others)
        assert [side.tolist() for side in found] == [side.tolist() for side in expected]


def test_ranks_alone_count() -> None:
    """Whatever the unit, and whether the last is worse by far or by little."""
    told, others = trials(40), genomes(20, seed=1)
    bent = [replace(one, fitness=exp(9 * (one.fitness or 0))) for one in told]
    one, other = (fit(stub.SPACE, half, ACCURACY) for half in (told, bent))
    assert means(one, others) == means(other, others)


def test_of_an_objective_less_is_better() -> None:
    told = [
        trial(number, genome, 0.5, params=genome.genes["size"])
        for number, genome in enumerate(genomes(16, family="wide"))
    ]
    small, large = (
        stub.SPACE.genome("wide", {"size": size, "flag": True, "rate": 0.1}) for size in (1, 32)
    )
    low, high = means(fit(stub.SPACE, told, PARAMS), [large, small])
    assert low < 0 < high


# --- what cannot be compared ----------------------------------------------------------------------


def means_by_family(told: list[Trial]) -> dict[str, float]:
    surrogate = fit(stub.SPACE, told, ACCURACY)
    return {family: fmean(means(surrogate, genomes(20, 1, family))) for family in ("tall", "wide")}


@pytest.mark.parametrize("loser", ["tall", "wide"])
def test_failed_trials_are_below_all_others(loser: str) -> None:
    told = [
        trial(n, genome, None if genome.family == loser else -1e6 - n)
        for n, genome in enumerate(genomes(40))
    ]
    found = means_by_family(told)
    assert min(found, key=lambda family: found[family]) == loser


@pytest.mark.parametrize("loser", ["tall", "wide"])
def test_lower_rungs_are_below_further_ones_whatever_their_scores(loser: str) -> None:
    told = [
        trial(n, genome, n + 100 * (genome.family == loser), 1 + (genome.family != loser))
        for n, genome in enumerate(genomes(40))
    ]
    found = means_by_family(told)
    assert min(found, key=lambda family: found[family]) == loser


def test_one_that_did_not_fail_is_enough() -> None:
    told = [trial(n, genome, 0.5 if n == 3 else None) for n, genome in enumerate(genomes(9))]
    surrogate = fit(stub.SPACE, told, ACCURACY)
    predicted = means(surrogate, [one.genome for one in told])
    assert max(predicted) == predicted[3]
    assert surrogate.in_units(predicted[3]) == -0.5


# --- normal scores --------------------------------------------------------------------------------

STANDINGS = st.lists(
    st.tuples(st.integers(-1, 2), st.sampled_from([0.0, 0.25, 0.5, 1.0])), min_size=1
)


@given(STANDINGS)
def test_better_standings_have_higher_scores_and_equal_ones_the_same(
    standings: list[tuple[int, float]],
) -> None:
    scores = _normal_scores(standings)
    assert all(map(isfinite, scores))
    for mine, standing in zip(scores, standings, strict=True):
        for yours, other in zip(scores, standings, strict=True):
            assert (mine < yours) == (standing < other)


def test_normal_scores_are_the_quantiles_at_the_mean_ranks() -> None:
    scores = _normal_scores([(1, 2.0), (1, 1.0), (1, 1.0), (0, 5.0)])
    assert scores == pytest.approx([1.1503, 0, 0, -1.1503], abs=1e-4)  # of 7/8, 1/2 and 1/8


def test_where_all_are_equal_nothing_is_promised() -> None:
    told = [trial(n, genome, 0.5) for n, genome in enumerate(genomes(12))]
    surrogate = fit(stub.SPACE, told, ACCURACY)
    predicted = means(surrogate, genomes(12, seed=1))
    assert predicted == pytest.approx([0] * 12)
    assert surrogate.in_units(0) == -0.5


def test_a_prediction_has_a_value_in_the_objectives_unit() -> None:
    told = trials(40)
    surrogate = fit(stub.SPACE, told, ACCURACY)
    ordered = [-surrogate.in_units(score / 4) for score in range(-12, 13)]
    known = sorted(one.fitness or 0 for one in told)
    assert ordered == sorted(ordered)
    assert (ordered[0], ordered[-1]) == (known[0], known[-1])
    assert -surrogate.in_units(0) == pytest.approx(fmean(known[19:21]), abs=0.1)


# --- which trials ---------------------------------------------------------------------------------


def test_it_learns_from_the_latest_and_the_best_of_the_older() -> None:
    told = trials(BEST + LATEST + 50)
    chosen = {one.number for one in _chosen(told, ACCURACY)}
    assert len(chosen) == BEST + LATEST
    assert set(range(BEST + 50, BEST + LATEST + 50)) < chosen
    older = sorted(told[:-LATEST], key=lambda one: -(one.fitness or 0))
    kept = [one.fitness or 0 for one in told[:-LATEST] if one.number in chosen]
    assert sorted(kept, reverse=True) == [one.fitness for one in older[:BEST]]


def test_an_architecture_counts_once_as_far_as_it_was_trained() -> None:
    first, second, *rest = trials(6)
    further = replace(first, number=6, fitness=0.1, rungs=(0.0, 0.1))
    chosen = _chosen([first, second, *rest, further], ACCURACY)
    assert len(chosen) == 6
    assert [one.rungs for one in chosen if one.genome == first.genome] == [further.rungs]
