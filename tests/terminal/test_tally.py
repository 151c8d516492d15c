"""How far a search is, and how long the rest takes, by a made-up clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from snas_cli.runs.journal import Journal
from snas_cli.terminal.tally import TAIL, Tally
from tests.terminal.test_progress import RUNGS, TABLE, TINY, plan, trials


class Clock:
    """Stands still until it is set."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def tally(recipe: Mapping[str, Any], folder: Path, recorded: int = 0) -> tuple[Tally, Clock]:
    clock = Clock()
    return Tally(replace(plan(recipe), folder=folder), trials(recipe)[:recorded], clock), clock


def test_the_time_left_is_unknown_before_the_first_trial(tmp_path: Path) -> None:
    told, clock = tally(TINY, tmp_path, recorded=2)
    clock.now += 30
    assert told.seconds_left() is None
    assert told.spent() == "30 s"
    assert (told.planned, told.failures) == (5, [])


def test_the_finale_counts_as_what_its_epochs_are_worth(tmp_path: Path) -> None:
    told, clock = tally(TINY, tmp_path, recorded=2)
    told.trials.append(trials()[2])
    clock.now += 10
    assert told.seconds_left() == 10 * (2 + 2)  # trials that wait, and 4 epochs of 2 each
    assert told.spent() == "10 s, about 40 s left"
    told.finished = True
    assert told.seconds_left() is None


def test_a_budget_counts_earlier_attempts(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write("planned", generations=9, elapsed=600.0)
    journal.write("notice", what="no time in it")
    journal.close()
    told, clock = tally(RUNGS, tmp_path)
    clock.now += 60
    assert told.spent() == "11 min 00 s of 1 h 00 min, about 49 min 00 s left"
    assert told.share == (660, 3600)
    assert told.where() == "generation 1"
    clock.now += 3600
    assert told.spent() == "1 h 11 min of 1 h 00 min, about 0 s left"
    assert told.share == (3600, 3600)


def test_a_budget_bounds_what_is_left_of_so_many_generations(tmp_path: Path) -> None:
    bounded = {**TINY, "search": {"generations": 2, "budget": 15}}
    told, clock = tally(bounded, tmp_path)
    told.trials.append(trials()[0])
    clock.now += 10
    assert told.seconds_left() == 5
    assert told.where() == "generation 1 of 2"
    assert told.share == (1, 5)


def test_trials_and_epochs_as_budgets(tmp_path: Path) -> None:
    few, _ = tally({**TABLE, "search": {"max_trials": 4}}, tmp_path)
    assert (few.progress(), few.open_ended) == ("0 of 4 trials", True)
    epochs, _ = tally({**TINY, "search": {"max_epochs": 80}}, tmp_path)
    assert epochs.spent() == "0 s, 0 of 80 epochs"
    assert epochs.progress() == "0 trials, about 5 planned"


def test_nothing_is_trained_after_a_table(tmp_path: Path) -> None:
    told, clock = tally(TABLE, tmp_path)
    told.trials += trials(TABLE)
    clock.now += 3
    assert told.seconds_left() == pytest.approx(2)
    told.trials += trials(TABLE)[:2]
    assert told.seconds_left() is None


def test_more_trials_than_planned_are_no_more_than_all(tmp_path: Path) -> None:
    told, _ = tally(TINY, tmp_path)
    told.trials += trials() * 3
    assert told.progress() == "9 of 9 trials"


def test_the_last_generation_of_a_long_journal(tmp_path: Path) -> None:
    told, _ = tally(TINY, tmp_path)
    told.generation_finished()
    assert told.diversity is None  # there is no journal
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write("generation", generation=0, diversity=0.9)
    journal.write("generation", generation=1, diversity=0.25)
    journal.write("notice", what="generation")
    told.generation_finished()
    assert told.diversity == 0.25
    journal.write("notice", what="x" * TAIL)
    journal.close()
    told.generation_finished()
    assert told.diversity is None


def test_rungs_are_counted_by_generation(tmp_path: Path) -> None:
    told, _ = tally(RUNGS, tmp_path)
    told.generation_started(0)
    told.rung_reached(trials()[1])
    told.rung_reached(trials()[1])
    assert told.reached == {1: 2}
    told.generation_started(1)
    assert told.reached == {}
