"""Limits: what is asked for last, which of them bites, and what is measured once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from snas_cli.api import CandidateError, Genome
from snas_cli.experiment import latency
from snas_cli.experiment.judging import Gate, Judge
from snas_cli.experiment.running import start
from snas_cli.recipe.schema import LimitSettings
from snas_cli.registry import Registry
from snas_cli.search.listener import Listener
from tests.experiment import tiny
from tests.search import stub


def gate(measured: list[Genome], **limits: Any) -> Gate:
    def slow(genome: Genome) -> Mapping[str, float]:
        measured.append(genome)
        return {"latency_ms": genome.genes["size"]}

    judge = SimpleNamespace(
        recipe=SimpleNamespace(limits=LimitSettings(max_flops=None, **limits)),
        space=stub.SPACE,
        cost=lambda genome: {"params": genome.genes["size"] if genome.family == "wide" else 99},
        measured=slow,
    )
    return Gate(cast("Judge", judge))


def wide(size: int) -> Genome:
    return stub.SPACE.genome("wide", {"size": size, "flag": True, "rate": 0.1})


def test_what_takes_long_is_asked_for_last() -> None:
    measured: list[Genome] = []
    admit = gate(measured, max_params=8, max_latency_ms=4)
    assert [admit(wide(size)) for size in (4, 8, 16, 4)] == [True, False, False, True]
    assert measured == [wide(4), wide(8)]


def test_the_limit_that_bites_is_named_with_the_least_there_is() -> None:
    admit = gate([], max_params=1)
    assert admit.refusals() == ""
    assert not admit(wide(2))
    assert not admit(wide(4))
    assert admit.refusals() == (
        "limits.max_params, 1, refused 2 of 2 architectures; the least in this space is 1, of wide"
    )


def test_what_cannot_be_judged_passes_for_its_trial_says_why() -> None:
    admit = gate([], max_params=10)

    def broken(_genome: Genome) -> Mapping[str, float]:
        raise CandidateError("cannot be built")

    admit._judge.cost = broken  # type: ignore[method-assign]
    assert admit(wide(32))


def test_the_clock_is_read_in_rounds() -> None:
    ticks = iter(range(10_000))
    assert latency.milliseconds(lambda: None, lambda: next(ticks) / 1000) == pytest.approx(1)


def test_a_latency_is_measured_once_in_a_run(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []

    def pretended(self: latency.Latencies, genome: Genome) -> float:
        measured.append(latency._structure(genome))
        return 1 + len(genome.genes["layers"]) / 10

    monkeypatch.setattr(latency.Latencies, "_measured", pretended)
    recipe = tiny.recipe(
        registry, tmp_path, limits={"max_latency_ms": 1.2},
        search={"objectives": ["accuracy", "latency_ms"]},
    )  # fmt: skip
    outcome = start(recipe, registry, Listener())
    assert len(measured) == len(set(measured))
    assert all(trial.metrics["latency_ms"] <= 1.2 for trial in outcome.trials)
    kept = json.loads((outcome.folder.path / "latency.json").read_text())
    assert set(kept) == set(measured)


def test_a_real_latency(registry: Registry, tmp_path: Path) -> None:
    recipe = tiny.recipe(
        registry, tmp_path, limits={"max_latency_ms": 1000},
        search={"generations": 1, "population_size": 2, "elites": 1},
    )  # fmt: skip
    outcome = start(recipe, registry, Listener())
    assert all(0 < trial.metrics["latency_ms"] < 1000 for trial in outcome.trials)
