"""Which operators paid, whom the winner comes from, and whether predictions came true."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snas_cli.api import Proposal, Trial
from snas_cli.search.lineage import (
    FEWEST,
    agreement,
    ancestry,
    gain,
    operators_that_paid,
    proxy_agreement,
    surrogate_agreement,
)
from tests.search import stub

SIZES = (1, 2, 4, 8, 16, 32)


def trial(
    number: int,
    scores: Sequence[float],
    operator: str = "point",
    parents: tuple[int, ...] = (),
    *,
    failed: bool = False,
) -> Trial:
    """Trained to as many rungs as it has scores; its genome is its own."""
    genes = {"size": SIZES[number % 6], "flag": number % 12 < 6, "rate": 0.1}
    return Trial(
        number,
        number // 4,
        Proposal(stub.SPACE.genome("wide", genes), operator, parents),
        None if failed else scores[-1],
        reason="it failed" if failed else None,
        rungs=tuple(scores),
    )


FAMILY = [
    trial(0, [0.5], "random"),
    trial(1, [0.4], "random"),
    trial(2, [0.6], "point", (0,)),
    trial(3, [0.55], "crossover+point+point", (0, 2)),
    trial(4, [0.7], "crossover+nudge", (1, 2)),
    trial(5, [], "nudge", (4,), failed=True),
]


def test_a_child_counts_for_each_of_its_operators_once() -> None:
    records = {record.operator: record for record in operators_that_paid(FAMILY)}
    assert list(records) == ["crossover", "nudge", "point", "random"]
    point, nudge, random = records["point"], records["nudge"], records["random"]
    assert (point.children, point.bred, point.better, point.new_bests) == (2, 2, 1, 1)
    assert point.mean_gain == pytest.approx((0.1 - 0.05) / 2)
    assert (nudge.children, nudge.failed, nudge.better) == (2, 1, 1)
    assert nudge.mean_gain == pytest.approx(0.1)  # over the better parent; what failed has none
    assert (random.bred, random.better, random.mean_gain, random.new_bests) == (0, 0, None, 1)


def test_the_order_of_trials_changes_nothing() -> None:
    assert operators_that_paid(FAMILY[::-1]) == operators_that_paid(FAMILY)


def test_what_equals_its_parent_was_not_bred() -> None:
    twin = Trial(7, 1, Proposal(FAMILY[0].genome, "promotion", (0,)), 0.9, rungs=(0.5, 0.9))
    (record,) = (r for r in operators_that_paid([*FAMILY, twin]) if r.operator == "promotion")
    assert (record.children, record.bred, record.mean_gain, record.new_bests) == (1, 0, None, 1)


def test_scores_of_different_rungs_are_not_compared() -> None:
    parent, child = trial(0, [0.5, 0.9]), trial(1, [0.6], parents=(0,))
    assert gain(child, parent) == pytest.approx(0.1)
    assert gain(parent, child) == pytest.approx(-0.1)
    further = trial(2, [0.3, 0.4])
    assert [r.new_bests for r in operators_that_paid([trial(0, [0.9]), further])] == [2]


def test_the_line_goes_by_the_better_parent_to_a_founder() -> None:
    assert [each.number for each in ancestry(FAMILY[4], FAMILY)] == [4, 2, 0]
    assert [each.number for each in ancestry(FAMILY[1], FAMILY)] == [1]


def test_a_line_that_is_torn_or_goes_in_a_circle_ends() -> None:
    assert [each.number for each in ancestry(FAMILY[4], FAMILY[4:])] == [4]
    circle = [trial(0, [0.5], parents=(1,)), trial(1, [0.5], parents=(0,))]
    assert [each.number for each in ancestry(circle[1], circle)] == [1, 0]


def foretold(count: int) -> list[Trial]:
    """Predictions that rank the first rungs the wrong way round; a proxy that is right."""
    made = []
    for i in range(count):
        genome = FAMILY[i % 5].genome
        proposal = Proposal(genome, "point", predicted=-float(i), proxies={"size": i**3})
        rungs = (i / 100, 0.5) if i == 0 else (i / 100,)
        made.append(Trial(i, 0, proposal, rungs[-1], rungs=rungs))
    return made


def test_predictions_are_compared_with_the_first_rung() -> None:
    assert surrogate_agreement(foretold(12)).correlation == pytest.approx(-1)
    assert proxy_agreement("size", foretold(12)).correlation == pytest.approx(1)
    assert proxy_agreement("other", foretold(12)).trials == 0


def test_few_or_equal_values_have_no_correlation() -> None:
    few = surrogate_agreement(foretold(FEWEST - 1))
    assert (few.trials, few.correlation, few.low) == (FEWEST - 1, None, None)
    assert agreement([(1.0, float(i)) for i in range(20)]).correlation is None
    failed = Trial(0, 0, Proposal(FAMILY[0].genome, "point", predicted=1.0), None, reason="x")
    assert surrogate_agreement([failed] * 20).trials == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=FEWEST, max_size=40))
def test_agreement_has_bounds_and_no_scale(pairs: list[tuple[int, int]]) -> None:
    found = agreement([(float(a), float(b)) for a, b in pairs])
    if found.correlation is None:
        assert len({a for a, _ in pairs}) == 1 or len({b for _, b in pairs}) == 1
        return
    assert found.low is not None
    assert found.high is not None
    assert -1 <= found.low <= found.correlation + 1e-9
    assert found.correlation - 1e-9 <= found.high <= 1
    scaled = agreement([(a**3 + 5.0, b / 7) for a, b in pairs])
    assert scaled.correlation == pytest.approx(found.correlation)
