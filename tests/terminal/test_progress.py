"""The live view and the log, drawn for a search that has no training in it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from snas_cli.api import Proposal, Trial
from snas_cli.search.listener import Listener, Plan
from snas_cli.terminal.progress import LiveView, LogView, Tally
from snas_cli.terminal.words import duration
from tests.search import stub

PLAN = Plan(
    folder=Path("runs/digits-001"),
    recipe={"search": {"elites": 1}, "finale": {"epochs": 4}, "training": {"epochs": 2}},
    summary=[("data", "digits: 10 classes, 8×8 grey")],
    generations=2,
    trials=5,
    finalists=1,
)


def trials() -> list[Trial]:
    genome = stub.SPACE.genome("wide", {"size": 4, "flag": True, "rate": 0.1})
    proposal = Proposal(genome, "random")
    metrics = {"val_acc": 0.875, "params": 1234, "flops": 5678}
    good = Trial(0, 0, proposal, 0.875, metrics, seconds=2)
    bad = Trial(1, 0, proposal, None, reason="diverged: the loss was nan in epoch 1", seconds=1)
    return [good, bad]


def play(view: Listener) -> None:
    view.notice("reading digits")
    view.search_started(PLAN, [])
    view.generation_started(0, 3)
    for trial in trials():
        view.trial_finished(trial)
    view.generation_finished(0, trials())
    view.finalist_started(trials()[0].genome, 1, 1)
    view.search_finished(PLAN.folder, {})


@pytest.mark.parametrize("width", [80, 200])
def test_the_live_view_fits_its_terminal(width: int) -> None:
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=width, height=30, color_system=None)
    with LiveView(console) as view:
        play(view)
        console.print(view._render())  # what it shows now: a frame is drawn only now and then
    shown = screen.getvalue()
    for part in ("runs/digits-001", "generation 1 of 2", "2 of 5 trials", "best 87.50 %",
                 "1 failed", "diverged: the loss was nan", "training the best again"):  # fmt: skip
        assert part in shown
    assert max(len(line) for line in shown.splitlines()) <= width + 20  # cursor codes count too


def test_the_log_is_plain_lines() -> None:
    lines: list[str] = []
    play(LogView(lines.append))
    assert "  trial 0 wide 87.50 % (random, 2 s)" in lines
    assert "  trial 1 wide diverged: the loss was nan in epoch 1 (random, 1 s)" in lines
    assert "  best so far 87.50 %, mean 87.50 %" in lines
    assert lines[-1] == "finished: runs/digits-001"


def test_the_time_left_is_unknown_before_the_first_trial() -> None:
    tally = Tally(PLAN, trials())
    assert tally.seconds_left() is None
    assert tally.planned == 5
    assert tally.failed == 1


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
