"""The importance of genes: found where it is planted, doubted where there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from snas_cli.api import Proposal, Trial
from snas_cli.report.importance import FEWEST, importance, importance_chart
from tests.search import stub


def made(score: Callable[[Mapping[str, Any]], float], count: int = 60) -> list[Trial]:
    rng = Random(1)
    genes = [
        {"size": rng.choice((1, 2, 4, 8, 16, 32)), "flag": rng.random() < 0.5,
         "rate": rng.choice((0.1, 0.01))}
        for _ in range(count)
    ]  # fmt: skip
    return [
        Trial(n, 0, Proposal(stub.SPACE.genome("wide", each), "random"), score(each))
        for n, each in enumerate(genes)
    ]


def test_what_decides_comes_first() -> None:
    found = importance(made(lambda genes: genes["size"] / 32 + 0.05 * genes["flag"]))
    assert next(iter(found.lost)) == "size"
    assert found.explained > 0.8


def test_chance_is_not_explained() -> None:
    rng = Random(2)
    assert importance(made(lambda _genes: rng.random())).explained < 0.2
    assert importance(made(lambda _genes: 0.5)).explained == 0


def test_few_trials_tell_nothing() -> None:
    assert f"{FEWEST} are needed" in importance_chart(made(lambda genes: genes["size"], 5))
