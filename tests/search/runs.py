"""A made-up run: eight trials, two generations, a search that was extended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from snas_cli.api import Proposal, Trial
from snas_cli.recipe.schema import Recipe
from snas_cli.search.account import Account
from tests.search import stub

SIZES = (1, 2, 4, 8, 16, 32)
PARENTS: Mapping[int, tuple[int, ...]] = {2: (0,), 3: (0, 1), 4: (1, 2), 5: (4,), 6: (4, 2)}
OPERATORS = ("random", "start", "point", "crossover+point", "crossover+nudge", "nudge", "depth")
SCORES = (0.5, 0.4, 0.6, 0.55, 0.75)
REASONS = {5: "out of memory", 6: "out of memory", 7: "diverged"}
JOURNAL: list[dict[str, Any]] = [
    {"event": "started", "snas": "0.1.0", "recorded": 0, "torch": "2.9", "device": "cpu"},
    {"event": "generation", "generation": 0, "best": 0.6, "mean": 0.5, "diversity": 0.8,
     "level": 1, "elapsed": 30},
    {"event": "notice", "what": "params: rank correlation 0.1: not used"},
    {"event": "notice", "what": "zen: rank correlation 0.2: not used"},
    {"event": "generation", "generation": 1, "best": 0.7, "mean": 0.6, "diversity": 0.5,
     "level": 2, "elapsed": 40},
    {"event": "finished", "best": {}, "elapsed": 55},
    {"event": "extended", "search": {}},
    {"event": "notice", "what": "params: rank correlation 0.9: used"},
    {"event": "notice", "what": "a plugin: used"},
    {"event": "generation", "generation": 1, "best": 0.75, "mean": 0.6, "diversity": 0.4,
     "level": 2, "elapsed": 65},
    {"event": "finished", "best": {}, "elapsed": 70},
]  # fmt: skip
BEST = {"stage": "final", "trial": 4, "family": "wide", "fingerprint": "f", "fitness": 0.75,
        "val_acc": 0.8, "val_balanced_acc": 0.79, "params": 5000, "flops": 9000,
        "test_acc": 0.77}  # fmt: skip


def trials(*, trained: bool = True) -> list[Trial]:
    """Five that were judged, three that failed. An evaluator knows no cost."""
    made = []
    for number in range(8):
        genes = {"size": SIZES[number % 6], "flag": number < 6, "rate": 0.1}
        proxies = {"params": number, "zen": -number, "naswot": 1.0} if trained else {}
        operator = OPERATORS[min(number, 6)]
        proposal = Proposal(
            stub.SPACE.genome("wide", genes), operator, PARENTS.get(number, ()), proxies=proxies
        )
        metrics = {"val_acc": 0.5, "params": 1000 * (number + 1), "flops": 2000, "epochs": 2}
        made.append(
            Trial(number, number // 4, proposal, None, reason=REASONS[number], seconds=1)
            if number in REASONS
            else Trial(number, number // 4, proposal, SCORES[number], metrics if trained else {},
                       rungs=(SCORES[number],), seconds=2)
        )  # fmt: skip
    return made


def account(
    sections: Mapping[str, Any] | None = None, best: Mapping[str, Any] | None = BEST
) -> Account:
    return Account(Recipe.model_validate(sections or {}), trials(), JOURNAL, best)


def evaluators_account() -> Account:
    best = {"stage": "search", "trial": 4, "family": "wide", "fingerprint": "f", "fitness": 0.75}
    recipe = Recipe.model_validate({"evaluator": {"name": "table"}})
    return Account(recipe, trials(trained=False), JOURNAL[:1], best)
