"""Which proxies are trusted, next to scipy's correlation and by what trials."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr
from snas_plugins.strategies._trust import (
    BOUND,
    LOST,
    Verdict,
    interval,
    mean_ranks,
    rank_correlation,
    trusted,
)

from snas_cli.api import Genes, Genome, Proposal, Trial

VALUES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, 2.0])
PAIRS = st.lists(st.tuples(VALUES, VALUES), min_size=3, max_size=40)


@given(st.lists(VALUES, min_size=1))
def test_equal_values_share_their_ranks(values: list[float]) -> None:
    assert mean_ranks(values) == rankdata(values).tolist()


@given(PAIRS)
def test_it_is_spearmans_correlation(pairs: list[tuple[float, float]]) -> None:
    ones, others = zip(*pairs, strict=True)
    found = rank_correlation(pairs)
    if len(set(ones)) == 1 or len(set(others)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(ones, others).statistic, abs=1e-12)


def test_the_interval_is_bonett_and_wrights() -> None:
    """For r = 0.62 and n = 24: atanh r = 0.725, its deviation √(1.1922 / 21) = 0.2383."""
    assert interval(0.62, 24) == pytest.approx((0.252, 0.831), abs=0.001)
    assert interval(-0.62, 24) == pytest.approx((-0.831, -0.252), abs=0.001)
    assert interval(1.0, 12)[0] > 0.99


def trial(number: int, fitness: float | None, *rungs: float, **proxies: float) -> Trial:
    genome = Genome("stub", Genes({"number": number}))
    return Trial(number, 0, Proposal(genome, "random", proxies=proxies), fitness, rungs=rungs)


def trials(scores: Sequence[float], **more: Any) -> list[Trial]:
    """Fitness rises with the number."""
    return [trial(i, i / 100, zen=score) for i, score in enumerate(scores)]


def one(told: Sequence[Trial], name: str = "zen") -> Verdict:
    (verdict,) = trusted(told, [name])
    return verdict


def test_what_ranks_as_fitness_does_is_trusted() -> None:
    verdict = one(trials([2.0**i for i in range(12)]))
    assert verdict.trusted
    assert verdict.correlation == pytest.approx(1)


@pytest.mark.parametrize("seed", range(3))
def test_chance_is_not_trusted(seed: int) -> None:
    rng = Random(seed)
    verdict = one(trials([rng.random() for _ in range(30)]))
    assert not verdict.trusted
    assert verdict.correlation is not None


def test_what_is_used_stays_so_near_the_bound() -> None:
    """Rank correlation 0.57 over 20 trials: the interval begins at 0.13."""
    near = trials([4, 0, 12, 2, 3, 5, 16, 1, 17, 7, 9, 18, 11, 10, 6, 8, 19, 14, 15, 13])
    fresh, used = trusted(near, ["zen"])[0], trusted(near, ["zen"], ["zen"])[0]
    assert fresh.low == used.low
    assert LOST < (fresh.low or 0) < BOUND
    assert (fresh.trusted, used.trusted) == (False, True)


def test_what_ranks_the_other_way_is_not_trusted() -> None:
    assert not one(trials([-float(i) for i in range(30)])).trusted


def test_sentences() -> None:
    used = Verdict("zen", 0.62, 0.252, 0.831, 24)
    assert used.sentence() == (
        "zen: rank correlation 0.62 (95 %: 0.25 to 0.83) over 24 trials: used"
    )
    unsure = Verdict("zen", 0.5, 0.1, 0.75, 24)
    assert unsure.sentence().endswith("(95 %: 0.10 to 0.75) over 24 trials: not used")
    few = one(trials([1.0, 2.0, 3.0]))
    assert few.sentence() == "zen: scores of 3 trials, and 12 are needed: not used"
    alike = one(trials([1.0] * 15))
    assert alike.sentence() == (
        "zen: no rank correlation over 15 trials, for all are alike: not used"
    )


def test_verdicts_come_in_the_order_of_the_names() -> None:
    names = ["zen", "params", "flops"]
    assert [verdict.name for verdict in trusted(trials([1.0]), names)] == names


def test_failed_trials_and_those_without_the_score_say_nothing() -> None:
    told = trials([float(i) for i in range(14)])
    failed = [trial(20 + i, None, zen=99.0) for i in range(9)]
    without = [trial(40 + i, 0.9, naswot=1.0) for i in range(9)]
    assert one([*failed, *told, *without]) == one(told)
    assert one(told, "naswot").trials == 0


def test_rungs_are_compared_by_the_first() -> None:
    """Fitness at a further rung is higher, for longer training and not for a better network."""
    scores = [float(i) for i in range(15)]
    climbed = [
        trial(i, 0.9 - i / 100 if i > 10 else i / 100, *([i / 100] if i <= 10 else [i / 100, 0.9]),
              zen=score)
        for i, score in enumerate(scores)
    ]  # fmt: skip
    assert one(climbed) == one(trials(scores))


def test_trials_with_and_without_rungs_are_not_mixed() -> None:
    plain = trials([float(i) for i in range(14)])
    others = [trial(50 + i, 0.9, 0.5, zen=-float(i)) for i in range(5)]
    assert one([*others, *plain]) == one(plain)
