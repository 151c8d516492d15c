"""Training curves in the report: of final trainings alone, or why there are none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from snas_cli.report.curves import SHOWN, curves_chart
from tests.search.runs import account, evaluators_account


def curve(trial: int, epochs: int, **fields: Any) -> dict[str, Any]:
    each = [{"train_loss": 1 / n, "val_loss": 2 / n, "val_acc": 1 - 1 / n}
            for n in range(1, epochs + 1)]  # fmt: skip
    return {"event": "curve", "stage": "final", "repeat": 0, "trial": trial, "epochs": each,
            **fields}  # fmt: skip


def drawn(*events: dict[str, Any]) -> str:
    known = account()
    return curves_chart(replace(known, events=[*known.events, *events]))


def test_the_kept_one_in_detail_and_all_side_by_side() -> None:
    chart = drawn(curve(4, 3), curve(2, 2), curve(4, 9, repeat=1))
    for part in ("loss of trial 4", "<title>training, epoch 3: 0.3333</title>",
                 "<title>trial 2, epoch 2: 0.5</title>", "stroke-dasharray"):  # fmt: skip
        assert part in chart, part
    assert "epoch 4:" not in chart  # another training of the same


def test_curves_of_the_search_are_not_among_them() -> None:
    assert "None: the journal" in drawn(curve(4, 3, stage="search", rung=0))


def test_as_many_as_can_be_told_apart() -> None:
    chart = drawn(*(curve(number, 2) for number in range(SHOWN + 1)))
    assert f"The first {SHOWN} of {SHOWN + 1} finalists" in chart


def test_an_evaluator_has_none() -> None:
    assert "nothing was trained" in curves_chart(evaluators_account())
