"""How the time that is left goes to the best."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from snas_cli.api import Genes, Genome, Job, JobResult, Proposal, Trial
from snas_cli.experiment.finale import Finale, epochs_within
from snas_cli.experiment.running import start
from snas_cli.registry import Registry
from snas_cli.search.listener import Listener
from tests.experiment import tiny


@pytest.mark.parametrize(
    ("seconds", "left", "at_once", "epochs"),
    [
        ([4, 24], inf, 1, [40, 40]),
        ([4, 24], 1200, 1, [40, 40]),  # it takes 160 s and 960 s
        ([24, 4], 400, 1, [10, 40]),  # what the quick one does not need goes to the other
        ([5, 5], 100, 1, [10, 10]),
        ([4, 24], 240, 2, [40, 10]),  # at the same time each has all of it
        ([4, 4, 24], 320, 2, [40, 40, 13]),
        ([0, 1], 10, 1, [40, 10]),
        ([1, 1], 0, 1, [0, 0]),
        ([], 10, 1, []),
    ],
)
def test_equal_parts_of_the_time(
    seconds: list[float], left: float, at_once: int, epochs: list[int]
) -> None:
    assert epochs_within(seconds, 40, left, at_once) == epochs


class Listening(Listener):
    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)


class Crew:
    """Trains in no time, and notes for how many epochs."""

    capacity = 1

    def __init__(self) -> None:
        self.epochs: dict[int, int] = {}

    def run(self, jobs: Iterable[Job]) -> Iterator[JobResult]:
        for job in jobs:
            self.epochs[job.number] = job.payload["epochs"]
            value = {"metrics": {"val_acc": 0.5}, "curve": []}
            yield JobResult(job.number, value, None, seconds=0.0, worker=0)


def leader(number: int, seconds: float, epochs: float = 4) -> Trial:
    """Trained for epochs of so many seconds."""
    genome = Genome("any", Genes({"number": number}))
    metrics = {"epochs": epochs, "flops": 1.0}
    return Trial(number, 0, Proposal(genome, "random"), 0.5, metrics, seconds=epochs * seconds)


@pytest.mark.parametrize(
    ("left", "epochs", "notices"),
    [
        (1000, {0: 8, 1: 8}, []),
        (120, {0: 6, 1: 8}, ["time is left for 6 of 8 epochs of trial 0"]),
        (100, {0: 8}, ["there is no time to train trial 1 again"]),  # it would have 5
        (60, {1: 8}, ["there is no time to train trial 0 again"]),
        (40, {1: 7}, ["there is no time to train trial 0 again",
                      "time is left for 7 of 8 epochs of trial 1"]),
        (20, {}, ["the time is up: the best were trained again 0 of 1 times"]),
    ],
)  # fmt: skip
def test_whom_there_is_time_for(
    registry: Registry,
    tmp_path: Path,
    left: float,
    epochs: dict[int, int],
    notices: list[str],
) -> None:
    """Trial 0 takes 10 s an epoch and leads, trial 1 takes 5 s; neither is to have fewer epochs
    than in the search, which are 4, or much fewer than it could have had by itself. A tenth of the
    time is left for the rest."""
    recipe = tiny.recipe(registry, tmp_path, training={"epochs": 4}, finale={"epochs": 8})
    folder = SimpleNamespace(events=lambda _name: [], path=tmp_path)
    written = SimpleNamespace(write=lambda *_event, **_fields: None)
    desk = SimpleNamespace(
        folder=folder, journal=written, seconds_left=lambda: left,
        curves=SimpleNamespace(retrained=lambda *_: None),
    )  # fmt: skip
    keeper = SimpleNamespace(final_weights=lambda *_: tmp_path / "weights")
    crew, listener = Crew(), Listening()
    finale = Finale(cast("Any", SimpleNamespace(recipe=recipe)), cast("Any", desk),
                    cast("Any", keeper), cast("Any", crew))  # fmt: skip
    leaders = [leader(0, 10), leader(1, 5)]
    finale._train(leaders, listener)
    assert crew.epochs == epochs
    assert [finalist.trial.number for finalist in finale._trained(leaders)] == sorted(epochs)
    assert listener.notices == notices


def test_a_better_network_is_not_given_up_for_a_quicker_one(
    registry: Registry, tmp_path: Path
) -> None:
    """Where there is time for plenty of its epochs, if not for all."""
    recipe = tiny.recipe(registry, tmp_path, training={"epochs": 10}, finale={"epochs": 100})
    desk = SimpleNamespace(folder=SimpleNamespace(events=lambda _name: []),
                           seconds_left=lambda: 500)  # fmt: skip
    finale = Finale(cast("Any", SimpleNamespace(recipe=recipe)), cast("Any", desk),
                    cast("Any", None), cast("Any", Crew()))  # fmt: skip
    assert finale._epochs_left([leader(0, 10), leader(1, 4)], 1) == {0: 45}
    assert finale._epochs_left([leader(0, 20), leader(1, 4)], 1) == {1: 100}
    assert finale._epochs_left([leader(0, 3), leader(1, 2)], 1) == {0: 83, 1: 100}
    assert finale._epochs_left([leader(0, 3)], 3) == {0: 50}  # three repeats are asked for


def test_the_most_accurate_stays_in_the_running(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though others have less loss, and are trained again."""
    recipe = tiny.recipe(registry, tmp_path, finale={"top": 2})
    assembly, desk = SimpleNamespace(recipe=recipe), SimpleNamespace(
        folder=SimpleNamespace(events=lambda _name: []))  # fmt: skip
    finale = Finale(cast("Any", assembly), cast("Any", desk), cast("Any", None),
                    cast("Any", Crew()))  # fmt: skip
    chosen: list[list[int]] = []
    for name, stub in {
        "_may_mirror": lambda *_: False,
        "_train": lambda _self, top, _listener: chosen.append([t.number for t in top]),
        "_choose": lambda _self, top, *_: chosen.append([t.number for t in top]),
    }.items():
        monkeypatch.setattr(Finale, name, stub)
    trials = [replace(leader(n, 1), fitness=0.9 - n / 10, metrics={"val_loss": 1.0 - n / 10})
              for n in range(3)]  # fmt: skip
    finale.run(trials, Listening())
    assert chosen == [[2, 1], [2, 1, 0]]


def test_who_was_trained_again_before_the_search_went_on_stays_in_the_running(
    registry: Registry, tmp_path: Path
) -> None:
    trials = [leader(number, 1) for number in range(3)]
    event = {"fingerprint": trials[2].genome.fingerprint, "repeat": 0, "reason": None,
             "metrics": {"val_acc": 0.7}}  # fmt: skip
    desk = SimpleNamespace(folder=SimpleNamespace(events=lambda _name: [event]))
    keeper = SimpleNamespace(final_weights=lambda *_: tmp_path / "weights")
    finale = Finale(cast("Any", SimpleNamespace(recipe=tiny.recipe(registry, tmp_path))),
                    cast("Any", desk), cast("Any", keeper), cast("Any", Crew()))  # fmt: skip
    (finalist,) = finale._trained(trials)
    assert finalist.trial is trials[2]
    assert finalist.metrics["val_acc"] == 0.7


@pytest.fixture
def halves(tmp_path: Path) -> Callable[[bool], Path]:
    """Makes folders of pictures whose classes are where they are bright: above or below, or left
    or right."""

    def make(upright: bool) -> Path:
        rng = np.random.default_rng(0)
        for label, name in enumerate(("first", "second")):
            folder = tmp_path / "pictures" / name
            folder.mkdir(parents=True)
            for number in range(60):
                pixels = rng.integers(0, 60, (8, 8), dtype=np.uint8)
                pixels[4 * label : 4 * label + 4] += 150
                Image.fromarray(pixels if upright else pixels.T).save(folder / f"{number}.png")
        return tmp_path / "pictures"

    return make


@pytest.mark.parametrize(
    ("upright", "flip", "mirrored"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, False)],
)
def test_the_leaders_answers_say_whether_pictures_may_be_mirrored(
    registry: Registry,
    halves: Callable[[bool], Path],
    tmp_path: Path,
    upright: bool,
    flip: bool | None,
    mirrored: bool,
) -> None:
    """Unless the recipe does."""
    recipe = tiny.recipe(
        registry, tmp_path, data={"dataset": "folder", "path": str(halves(upright))},
        search={"generations": 1},
        training={"epochs": 8, "batch_size": 16, "augmentation": {"shift": False, "flip": flip}},
    )  # fmt: skip
    listener = Listening()
    folder = start(recipe, registry, listener).folder
    finalists = list(folder.events("finalist"))
    assert finalists
    assert all(one["metrics"].get("mirrored", 0) == mirrored / 2 for one in finalists)
    told = [notice for notice in listener.notices if "mirrored" in notice]
    assert len(told) == (flip is None)
    if not upright and flip is None:
        assert re.match(r"no pictures are mirrored: of first \d+ are known, and 0 when", told[0])
