"""The live view and the log, drawn for a search that has no training in it."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from snas_cli.api import Proposal, Trial
from snas_cli.search.listener import Listener, Plan
from snas_cli.terminal.progress import LiveView, LogView
from tests.search import stub

TINY: dict[str, Any] = {"finale": {"epochs": 4}, "training": {"epochs": 2}}
RUNGS: dict[str, Any] = {
    **TINY,
    "search": {"rungs": {"count": 2}, "budget": 3600, "objectives": ["accuracy", "params"]},
}
TABLE: dict[str, Any] = {"evaluator": {"name": "table"}, "search": {"max_trials": 60}}
REASON = "diverged: the loss was nan in epoch 1"


def plan(recipe: Mapping[str, Any]) -> Plan:
    """Of a run that is not there, for the view looks into its folder."""
    return Plan(
        folder=Path("runs/nowhere-001"),
        recipe=recipe,
        summary=[("data", "digits: 10 classes, 8×8 grey")],
        generations=2,
        trials=5,
        finalists=1,
    )


def trials(recipe: Mapping[str, Any] = TINY) -> list[Trial]:
    """One that was trained in full, one that stopped at the first of two rungs, one that failed."""
    trained = "evaluator" not in recipe
    genes = {"rate": 0.1, "layers": [{"width": 8, "kind": "b"}, {"width": 2, "kind": "a"}]}
    proposal = Proposal(stub.SPACE.genome("tall", genes), "random")
    metrics = {"val_acc": 0.875, "params": 1234, "flops": 5678} if trained else {}
    return [
        Trial(0, 0, proposal, 0.875, metrics, rungs=(0.7, 0.875), seconds=2),
        Trial(1, 0, proposal, 0.5, metrics, rungs=(0.5,), seconds=1),
        Trial(2, 0, proposal, None, reason=REASON, seconds=1),
    ]


def play(view: Listener, recipe: Mapping[str, Any] = TINY) -> None:
    view.notice("reading digits")
    view.search_started(plan(recipe), [])
    view.generation_started(0, 3)
    if "rungs" in recipe.get("search", {}):
        view.rung_reached(trials()[1])
    for trial in trials(recipe):
        view.trial_finished(trial)
    view.generation_finished(0, trials(recipe))


def end(view: Listener) -> None:
    view.finalist_started(trials()[0].genome, 1, 1)
    view.search_finished(Path("runs/nowhere-001"), {})


def drawn(recipe: Mapping[str, Any], width: int) -> str:
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=width, height=40, color_system=None)
    with LiveView(console) as view:
        play(view, recipe)
        console.print(view._render())  # what it shows now: a frame is drawn only now and then
        end(view)
        console.print(view._render())
    lines = screen.getvalue().splitlines()
    assert max(len(line) for line in lines) <= width + 20  # cursor codes count too
    return screen.getvalue()


@pytest.mark.parametrize("width", [80, 200])
def test_the_live_view_fits_its_terminal(width: int) -> None:
    shown = drawn(TINY, width)
    for part in ("runs/nowhere-001", "generation 1 of 2", "3 of 5 trials",
                 "best validation accuracy 87.50 % tall, 1.23k parameters", "[8 2]",
                 "mean of this generation 68.75 %", f"1 failed: 1× {REASON}",
                 "training the best again: 1 of 1"):  # fmt: skip
        assert part in shown


@pytest.mark.parametrize("width", [80, 200])
def test_the_live_view_of_a_search_in_rungs_with_a_budget(width: int) -> None:
    shown = drawn(RUNGS, width)
    for part in ("3 trials, about 5 planned", " of 1 h 00 min", "about 1 h 00 min left",
                 "50.00 % rung 1 of 2", "training 3 candidates, 1 trained to rung 1 of 2",
                 "front of 1 network"):  # fmt: skip
        assert part in shown
    assert "generation 1 of" not in shown  # it is open-ended


@pytest.mark.parametrize("width", [80, 200])
def test_the_live_view_of_an_evaluators_scores(width: int) -> None:
    shown = drawn(TABLE, width)
    for part in ("judging 3 candidates", "best fitness 0.875 tall\n", "3 of 5 trials"):
        assert part in shown.replace("  ", "")
    assert "%" not in shown
    assert "parameters" not in shown


def test_notices_before_a_search_are_what_is_going_on() -> None:
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=80, color_system=None)
    with LiveView(console) as view:
        view.notice("reading digits")
        console.print(view._render())
    assert "reading digits …" in screen.getvalue()


def test_the_log_is_plain_lines() -> None:
    lines: list[str] = []
    log = LogView(lines.append)
    play(log)
    end(log)
    assert "generation 1 of 2" in lines
    assert "  trial 0 tall 87.50 % (random, 2 s)" in lines
    assert f"  trial 2 tall {REASON} (random, 1 s)" in lines
    assert "  best validation accuracy so far 87.50 %, mean 68.75 %" in lines
    assert f"  1 failed: 1× {REASON}" in lines
    assert any(line.startswith("  3 of 5 trials, 0 s, about ") for line in lines)
    assert lines[-1] == "finished: runs/nowhere-001"


def test_the_log_of_rungs_says_how_far_each_was_trained() -> None:
    lines: list[str] = []
    play(LogView(lines.append), RUNGS)
    assert "generation 1" in lines
    assert "  trial 1 tall 50.00 %, trained to rung 1 of 2" in lines
    assert "  trial 1 tall 50.00 % (random, rung 1 of 2, 1 s)" in lines
    assert "  trial 0 tall 87.50 % (random, 2 s)" in lines


def test_the_log_of_a_resumed_search() -> None:
    lines: list[str] = []
    log = LogView(lines.append)
    log.search_started(plan(TABLE), trials(TABLE))
    assert lines[-1] == "3 trials are recorded already"
    log.generation_finished(0, trials(TABLE)[:1])
    assert "  best fitness so far 0.875, mean 0.6875" in lines
    assert not any("failed" in line for line in lines)  # none of this generation
