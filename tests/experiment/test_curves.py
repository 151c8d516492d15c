"""Training curves: every training leaves one in the journal, before its trial, and hooks get it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from snas_cli.api import Curve, Trial, hookimpl
from snas_cli.experiment.curves import rounded
from snas_cli.experiment.running import resume, start
from snas_cli.registry import GROUP, Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.runs.journal import read_events
from snas_cli.search.listener import Listener
from tests.experiment import tiny

EPOCH = {"train_loss", "val_loss", "val_acc", "val_balanced_acc", "learning_rate"}


@pytest.fixture(scope="module")
def events(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tiny.search(registry, tmp_path_factory.mktemp("runs")).folder
    return list(read_events(folder.journal))


def test_a_curve_stands_before_its_trial(events: Sequence[dict[str, Any]]) -> None:
    trained = [i for i, e in enumerate(events) if e["event"] == "trial" and e["seconds"] > 0]
    assert trained
    for i in trained:
        before, trial = events[i - 1], events[i]
        assert (before["event"], before["trial"], before["rung"]) == ("curve", trial["number"], 0)
        (epoch,) = before["epochs"]
        assert epoch.keys() == EPOCH
        assert epoch["val_acc"] == pytest.approx(trial["metrics"]["val_acc"], rel=1e-4)
        assert all(isinstance(value, int | float) for value in trial["metrics"].values())


def test_final_trainings_have_one_each(events: Sequence[dict[str, Any]]) -> None:
    final = [e for e in events if e["event"] == "curve" and e["stage"] == "final"]
    finalists = [e for e in events if e["event"] == "finalist"]
    assert [(e["trial"], e["repeat"]) for e in final] == [
        (e["trial"], e["repeat"]) for e in finalists
    ]
    assert {len(e["epochs"]) for e in final} == {2}


def test_numbers_are_short() -> None:
    assert rounded([{"val_loss": 0.123456789, "learning_rate": 1e-9 / 3}]) == [
        {"val_loss": 0.12346, "learning_rate": 3.3333e-10}
    ]


def test_hooks_are_given_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[int, Curve] = {}
    plugin = ModuleType("curve_watcher")

    @hookimpl
    def snas_trial_finished(trial: Trial, curve: Curve) -> None:
        told[trial.number] = curve

    plugin.snas_trial_finished = snas_trial_finished  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "curve_watcher", plugin)
    points = [*entry_points(group=GROUP), EntryPoint("watcher", "curve_watcher", GROUP)]
    registry = Registry(points)
    rungs = {"rungs": {"count": 2}, "generations": 1}
    recipe = tiny.recipe(registry, tmp_path, search={**tiny.VALUES["search"], **rungs},
                         training={"epochs": 2})  # fmt: skip
    outcome = start(recipe, registry, Listener())
    events = [e for e in RunFolder(outcome.folder.path).events("curve") if e["stage"] == "search"]
    assert {e["rung"] for e in events} == {0, 1}
    for trial in outcome.trials:
        mine = sorted((e for e in events if e["trial"] == trial.number), key=lambda e: e["rung"])
        assert told[trial.number] == [epoch for e in mine for epoch in e["epochs"]]


class _Impatient(Listener):
    def trial_finished(self, trial: Trial) -> None:
        if trial.number == 5:
            raise KeyboardInterrupt


def test_a_resumed_run_has_the_curves_of_one_that_was_not(
    registry: Registry, tmp_path: Path
) -> None:
    whole = tiny.search(registry, tmp_path / "whole").folder
    with pytest.raises(KeyboardInterrupt):
        tiny.search(registry, tmp_path / "torn", _Impatient())
    torn = resume(tmp_path / "torn" / "run", registry, Listener()).folder
    assert tiny.curves(torn) == tiny.curves(whole)
