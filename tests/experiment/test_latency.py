"""Latencies: how they are timed, that each is measured once in a run, and what cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from snas_cli.api import CandidateError, ExportError, Genome, Task, Trial
from snas_cli.errors import RunError
from snas_cli.experiment import latency
from snas_cli.experiment.assembly import Assembly, assemble
from snas_cli.experiment.latency import Latencies, Timer
from snas_cli.experiment.running import resume, start
from snas_cli.recipe.resolve import objectives_of, own_space
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.search.listener import Listener
from snas_cli.search.ranking import front
from snas_cli.training.cost import structure_of
from tests.experiment import tiny

OBJECTIVES = ["accuracy", "latency_ms"]


class Machine:
    """Its clock goes on by what each call takes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls = 0
        self.slowness = 1.0

    def clock(self) -> float:
        return self.now

    def takes(self, seconds: float) -> None:
        self.calls += 1
        self.now += seconds * self.slowness


def test_the_least_of_the_medians_counts() -> None:
    machine = Machine()
    timer = Timer(machine.clock)

    def call() -> None:
        machine.takes(0.002 if machine.calls % 100 < 40 else 0.001)

    assert timer.milliseconds(call) == pytest.approx(1)


def test_a_slow_moment_is_waited_for_to_pass() -> None:
    machine = Machine()
    timer = Timer(machine.clock)
    assert timer.milliseconds(lambda: machine.takes(0.001)) == pytest.approx(1)
    machine.slowness, before = 2.0, machine.calls
    slow_until = before + 3 * latency.ROUNDS * (latency.CALLS + latency.WARM_UP)

    def call() -> None:
        machine.slowness = 2.0 if machine.calls < slow_until else 1.0
        machine.takes(0.003)

    assert timer.milliseconds(call) == pytest.approx(3)
    assert machine.calls > slow_until


def test_a_machine_that_stays_slow_is_not_waited_for_for_ever() -> None:
    machine = Machine()
    timer = Timer(machine.clock)
    timer.milliseconds(lambda: machine.takes(0.001))
    machine.slowness = 2.0
    assert timer.milliseconds(lambda: machine.takes(0.003)) == pytest.approx(6)


@pytest.fixture(scope="module")
def assembly(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return assemble(tiny.recipe(registry, tmp_path_factory.mktemp("assembly")), registry)


def perceptron(assembly: Assembly, **genes: object) -> Genome:
    lowest, _ = assembly.space.extremes("mlp")
    return assembly.space.genome("mlp", {**lowest.to_json()["genes"], **genes})


def test_what_only_training_sees_is_not_measured_again(
    registry: Registry, assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[Genome] = []
    monkeypatch.setattr(Latencies, "_measured", lambda _self, genome: measured.append(genome) or 1)
    latencies = Latencies(assembly, registry)
    first = perceptron(assembly)
    for genome in (first, perceptron(assembly, learning_rate=0.1, optimizer="sgd", dropout=0.5)):
        assert latencies(genome) == 1
    assert measured == [first]
    latencies(perceptron(assembly, batch_norm=True))
    assert len(measured) == 2


@pytest.mark.parametrize("name", Registry.installed().names("family"))
def test_dropout_changes_nothing_of_a_network_in_use(registry: Registry, name: str) -> None:
    family = registry.family(name)
    lowest, _ = own_space(family).extremes(name)
    images, outputs = torch.ones(2, 1, 16, 16), []
    for rate in (0.0, 0.5):
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            network = family.build(lowest.genes.replace(dropout=rate), Task((1, 16, 16), 3))
            outputs.append(network.eval()(images))
    assert torch.equal(*outputs)


def test_what_is_known_stays_known(
    registry: Registry, assembly: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured before there was a file is in it; of two numbers the file's counts."""
    values = iter([1.5, 2.5, 3.5])
    monkeypatch.setattr(Latencies, "_measured", lambda _self, _genome: next(values))
    one, other = perceptron(assembly), perceptron(assembly, batch_norm=True)
    first, second = Latencies(assembly, registry), Latencies(assembly, registry)
    assert first(one) == 1.5
    first.keep_in(tmp_path / "latency.json")
    assert second(one) == 2.5
    assert second(other) == 3.5
    second.keep_in(tmp_path / "latency.json")
    third = Latencies(assembly, registry)
    third.keep_in(tmp_path / "latency.json")
    assert [each(genome) for each in (second, third) for genome in (one, other)] == [1.5, 3.5] * 2


def test_a_larger_one_than_one_that_is_over_need_not_be_measured(
    registry: Registry, assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Latencies, "_measured", lambda _self, _genome: 3.0)
    latencies = Latencies(assembly, registry)
    small, large = perceptron(assembly), perceptron(assembly, batch_norm=True)
    cost = {genome: vars(assembly.workshop.cost(genome)) for genome in (small, large)}
    assert not latencies.surely_over(large, cost[large], 2)
    latencies(small)
    assert latencies.surely_over(large, cost[large], 2)
    assert not latencies.surely_over(large, cost[large], 2.9)  # too close to say
    assert not latencies.surely_over(small, cost[small], 2)  # known, and so not guessed
    latencies(large)
    assert not latencies.surely_over(small, cost[small], 2)


@pytest.mark.parametrize("error", [ExportError("no such operator"), ValueError("odd")])
def test_what_cannot_be_exported_is_tried_once(
    registry: Registry, assembly: Assembly, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tries = []

    def refuse(*_arguments: object) -> None:
        tries.append(1)
        raise error

    monkeypatch.setattr(type(registry.exporter("onnx")), "write", refuse)
    latencies = Latencies(assembly, registry)
    for _ in range(2):
        with pytest.raises(CandidateError, match=rf"latency cannot be measured: .*{error}"):
            latencies(perceptron(assembly))
    assert len(tries) == 1


@pytest.mark.parametrize("content", ["[1]", '{"a": 1}', '{"a": {"ms": 1}}', "{"])
def test_a_damaged_file_is_named(
    registry: Registry, assembly: Assembly, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "latency.json"
    path.write_text(content)
    with pytest.raises(RunError, match=r"latency\.json"):
        Latencies(assembly, registry).keep_in(path)


# --- in a search ----------------------------------------------------------------------------------


def timed(registry: Registry, folder: Path, **search: object) -> Recipe:
    return tiny.recipe(registry, folder, limits={"max_latency_ms": 1.6},
                       search={"objectives": OBJECTIVES, **search})  # fmt: skip


class Pretence:
    """Stands for the measuring: each time that a structure is measured it takes longer."""

    def __init__(self) -> None:
        self.measured: list[str] = []

    def __call__(self, genome: Genome) -> float:
        self.measured.append(structure_of(genome, latency.UNSEEN))
        return 1 + int(self.measured[-1], 16) % 100 / 100 + len(self.measured) / 10_000


@pytest.fixture
def pretence(monkeypatch: pytest.MonkeyPatch) -> Pretence:
    pretence = Pretence()
    monkeypatch.setattr(Latencies, "_measured", pretence)  # not bound: it is no function
    return pretence


def test_a_latency_is_measured_once_in_a_run(
    registry: Registry, tmp_path: Path, pretence: Pretence
) -> None:
    outcome = start(timed(registry, tmp_path), registry, Listener())
    assert len(pretence.measured) == len(set(pretence.measured))
    assert all(trial.metrics["latency_ms"] <= 1.6 for trial in outcome.trials)
    kept = json.loads((outcome.folder.path / "latency.json").read_text())
    assert set(kept) == set(pretence.measured)
    assert outcome.best["latency_ms"] in {reading["ms"] for reading in kept.values()}


@pytest.mark.parametrize("stop_after", [0, 2, 5, 8])
def test_a_resumed_run_decides_by_the_same_numbers(
    registry: Registry, tmp_path: Path, pretence: Pretence, stop_after: int
) -> None:
    class Impatient(Listener):
        def trial_finished(self, trial: Trial) -> None:
            if trial.number == stop_after:
                raise KeyboardInterrupt

    whole = start(timed(registry, tmp_path / "whole"), registry, Listener()).folder
    pretence.measured.clear()
    with pytest.raises(KeyboardInterrupt):
        start(timed(registry, tmp_path / "parts"), registry, Impatient())
    folder = RunFolder(tmp_path / "parts" / "run")
    resume(folder.path, registry, Listener())
    assert tiny.results(folder) == tiny.results(whole)
    assert len(pretence.measured) == len(set(pretence.measured))


def test_no_network_is_trained_that_cannot_be_measured(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sometimes(_latencies: Latencies, genome: Genome) -> float:
        if len(genome.genes["layers"]) == 2:
            raise CandidateError("two layers")
        return 1.0

    monkeypatch.setattr(Latencies, "_measured", sometimes)
    recipe = tiny.recipe(registry, tmp_path, space={"families": ["mlp"], "max_layers": 3},
                         search={"objectives": OBJECTIVES, "progressive": False})  # fmt: skip
    outcome = start(recipe, registry, Listener())
    for trial in outcome.trials:
        assert trial.failed == (len(trial.genome.genes["layers"]) == 2)
        if trial.failed:
            assert trial.reason == "its latency cannot be measured: two layers"
            assert trial.seconds == 0
    assert {trial.failed for trial in outcome.trials} == {True, False}


@pytest.mark.parametrize("strategy", ["evolution", "nsga2"])
def test_the_front_is_in_the_run_directory_with_its_weights(
    registry: Registry, tmp_path: Path, pretence: Pretence, strategy: str
) -> None:
    objectives = ["accuracy", "params", "latency_ms"]
    recipe = tiny.recipe(registry, tmp_path, search={"objectives": objectives,
                                                     "strategy": strategy})  # fmt: skip
    outcome = start(recipe, registry, Listener())
    written = json.loads((outcome.folder.path / "pareto.json").read_text())
    assert written["generation"] == 2
    best = front(outcome.trials, objectives_of(recipe))
    assert written["front"] == [
        {"trial": trial.number, "family": "mlp", "fingerprint": trial.genome.fingerprint,
         "accuracy": trial.fitness, "params": trial.metrics["params"],
         "latency_ms": trial.metrics["latency_ms"]}
        for trial in best
    ]  # fmt: skip
    for trial in best:
        weights = outcome.folder.weights / f"search-{trial.genome.fingerprint}.safetensors"
        assert weights.exists()


def test_without_several_objectives_there_is_no_front_and_nothing_is_measured(
    registry: Registry, tmp_path: Path, pretence: Pretence
) -> None:
    outcome = tiny.search(registry, tmp_path)
    assert not (outcome.folder.path / "pareto.json").exists()
    assert not (outcome.folder.path / "latency.json").exists()
    assert not pretence.measured
    assert all("latency_ms" not in trial.metrics for trial in outcome.trials)


def test_a_real_latency(registry: Registry, tmp_path: Path) -> None:
    recipe = tiny.recipe(
        registry, tmp_path, limits={"max_latency_ms": 1000},
        search={"generations": 1, "population_size": 2, "elites": 1},
    )  # fmt: skip
    outcome = start(recipe, registry, Listener())
    assert all(0 < trial.metrics["latency_ms"] < 1000 for trial in outcome.trials)
