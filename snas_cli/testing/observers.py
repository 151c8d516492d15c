"""What an observer must keep to."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from snas_cli.api import Curve, Observer, Proposal, Trial
from snas_cli.testing.searching import sample_space

CURVE = [{"train_loss": 1.5, "val_acc": 0.5}, {"train_loss": 0.75, "val_acc": 0.625}]


def check_observer(observer: type[Observer], folder: Path) -> None:
    """It follows a search that is interrupted, goes on and comes to its end, then is extended: each
    time it is told all from the beginning. Without options, it must run on any machine."""
    assert observer.summary, f"{observer.name} needs a summary"
    run = sample_run(folder)
    trials = sample_trials()
    follow(observer({}), run, trials[:3])
    follow(observer({}), run, trials[:5], finished=True)
    follow(observer({}), run, trials, finished=True)


def sample_run(folder: Path) -> Path:
    """A run directory as an observer finds it."""
    run = folder / "sample-001"
    (run / "best").mkdir(parents=True)
    (run / "recipe.yaml").write_text("seed: 0\nspace: {families: [deep]}\n", encoding="utf-8")
    architecture = sample_trials()[0].genome.to_json()
    for name, document in (("architecture", architecture), ("metrics", sample_best())):
        (run / "best" / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return run


def sample_best() -> dict[str, object]:
    """As best/metrics.json has it."""
    return {
        "stage": "final",
        "trial": 0,
        "family": sample_trials()[0].genome.family,
        "fitness": 0.5,
        "test_acc": 0.75,
        "controls": {"random": {"test_acc": 0.625}},
    }


def sample_trials() -> list[Trial]:
    """Three generations of two; the fourth trial has failed."""
    space, rng = sample_space(), Random(0)
    return [
        Trial(
            number,
            generation=number // 2,
            proposal=Proposal(space.sample(rng), "random" if number < 2 else "nudge", ()),
            fitness=None if number == 3 else 0.5 + number / 32,
            metrics={} if number == 3 else {"val_acc": 0.5 + number / 32, "params": 1000 * number},
            reason="OutOfMemoryError: it was too large" if number == 3 else None,
            seconds=1.5,
        )
        for number in range(6)
    ]


def follow(observer: Observer, run: Path, trials: list[Trial], *, finished: bool = False) -> None:
    """What an observer is told of a search with these trials, up to its end or an interruption."""
    observer.search_started(run, {"seed": 0, "space": {"families": ["deep"]}, "limits": {}})
    for trial in trials:
        observer.trial_finished(trial, _curve_of(trial))
    for generation in range(len(trials) // 2):
        observer.generation_finished(generation, trials[2 * generation : 2 * generation + 2])
    if finished:
        observer.search_finished(run, sample_best())
    observer.close()


def _curve_of(trial: Trial) -> Curve:
    return [] if trial.failed else CURVE
