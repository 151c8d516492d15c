"""A search in rungs: candidates go on from their own weights, whatever becomes of the process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from snas_cli.api import Genome, Trial
from snas_cli.experiment.assembly import assemble
from snas_cli.experiment.running import Changes, resume, start
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.runs.weights import load_weights, save_weights
from snas_cli.search.listener import Listener
from snas_cli.search.ranking import leaders
from tests.experiment import tiny

RUNGS = {"generations": 4, "rungs": {"count": 2, "factor": 2, "fast": True}}


def search(registry: Registry, parent: Path, listener: Listener | None = None) -> RunFolder:
    recipe = tiny.recipe(registry, parent, search=RUNGS)
    return start(recipe, registry, listener or Listener()).folder


@pytest.fixture(scope="module")
def whole(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A search that nobody interrupted."""
    return search(registry, tmp_path_factory.mktemp("whole"))


def trials(folder: RunFolder) -> list[dict[str, Any]]:
    return sorted(folder.events("trial"), key=lambda trial: trial["number"])


def test_half_of_a_generation_is_trained_in_full(whole: RunFolder) -> None:
    """Five batches in an epoch: two of them on the first rung, and three on the second."""
    found = trials(whole)
    assert {len(t["rungs"]) for t in found if t["generation"] < 2} == {1}
    late = [t for t in found if t["generation"] >= 2]
    assert {len(t["rungs"]) for t in late} == {1, 2}
    assert {t["metrics"]["epochs"] for t in found if len(t["rungs"]) == 1} == {0.4}
    assert {t["metrics"]["epochs"] for t in found if len(t["rungs"]) == 2} == {1.0}
    assert all(t["fitness"] == t["rungs"][-1] for t in found)


def test_the_elite_of_the_fast_generations_is_promoted(whole: RunFolder) -> None:
    found = trials(whole)
    fast = [t for t in found if t["generation"] < 2]
    best = max(fast, key=lambda t: (t["fitness"], -t["number"]))
    (promotion,) = [t for t in found if t["generation"] == 2 and t["operator"] == "promotion"]
    assert promotion["parents"] == [best["number"]]
    assert promotion["fingerprint"] == best["fingerprint"]
    assert promotion["rungs"][0] == best["fitness"]
    assert len(promotion["rungs"]) == 2


def test_whoever_wins_was_trained_in_full(whole: RunFolder) -> None:
    winner = trials(whole)[whole.metrics()["trial"]]
    assert len(winner["rungs"]) == 2


class Impatient(Listener):
    """Ends the search after so many rungs and trials."""

    def __init__(self, stop_after: int) -> None:
        self.left = stop_after

    def rung_reached(self, trial: Trial) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt

    def trial_finished(self, trial: Trial) -> None:
        self.rung_reached(trial)


@pytest.mark.parametrize(
    ("stop_after", "lost"), [(2, False), (9, False), (9, True), (11, True), (16, False), (16, True)]
)
def test_interrupted_and_resumed_is_as_if_it_never_was(
    registry: Registry, whole: RunFolder, tmp_path: Path, stop_after: int, lost: bool
) -> None:
    """Without weights, what they go on from is trained again."""
    with pytest.raises(KeyboardInterrupt):
        search(registry, tmp_path, Impatient(stop_after))
    folder = RunFolder(tmp_path / "run")
    if lost:
        for path in folder.weights.iterdir():
            path.unlink()
    resume(folder.path, registry, Listener())
    assert tiny.results(folder) == tiny.results(whole)
    assert rungs_reached(folder) == rungs_reached(whole)


def rungs_reached(folder: RunFolder) -> list[tuple[int, list[float]]]:
    """In the journal, where each stands once."""
    return sorted((event["number"], event["rungs"]) for event in folder.events("rung"))


def test_it_goes_on_from_the_weights_that_it_has(
    registry: Registry, whole: RunFolder, tmp_path: Path
) -> None:
    """Others than its own make a difference."""
    with pytest.raises(KeyboardInterrupt):
        search(registry, tmp_path, Impatient(7))  # before the elite is promoted
    folder = RunFolder(tmp_path / "run")
    promotion, *_ = [t["number"] for t in trials(whole) if t["operator"] == "promotion"]
    fingerprint = trials(whole)[promotion]["fingerprint"]
    weights = folder.weights / f"search-{fingerprint}.safetensors"
    state = load_weights(weights, fingerprint)
    other = {name: t.flip(0) if t.ndim > 1 else t for name, t in state.items()}
    save_weights(weights, other, fingerprint)
    resume(folder.path, registry, Listener())
    found, expected = (trials(run)[promotion]["rungs"] for run in (folder, whole))
    assert found[0] == expected[0]
    assert found[1] < expected[1]


def test_the_best_network_so_far_has_the_weights_of_its_last_rung(
    registry: Registry, tmp_path: Path
) -> None:
    seen: list[tuple[dict[str, Any], bool]] = []

    class Watcher(Listener):
        def finalist_started(self, genome: Genome, rank: int, count: int) -> None:
            folder = RunFolder(tmp_path / "run")
            metrics = folder.metrics()
            fingerprint = metrics["fingerprint"]
            kept = load_weights(folder.weights / f"search-{fingerprint}-1.safetensors", fingerprint)
            best = load_weights(folder.best / "model.safetensors", fingerprint)
            seen.append((metrics, all(kept[name].equal(best[name]) for name in best)))

    folder = search(registry, tmp_path, Watcher())
    metrics, same = seen[0]
    assert metrics["stage"] == "search"
    assert len(trials(folder)[metrics["trial"]]["rungs"]) == 2
    assert same


def test_who_goes_on_is_a_matter_of_the_objectives(registry: Registry, tmp_path: Path) -> None:
    search = {"generations": 1, "rungs": {"count": 2, "factor": 2}, "objectives": ["params"]}
    recipe = tiny.recipe(registry, tmp_path, search=search)
    found = trials(start(recipe, registry, Listener()).folder)
    smallest = sorted(found, key=lambda trial: trial["metrics"]["params"])[:2]
    assert [t for t in found if len(t["rungs"]) == 2] == sorted(
        smallest, key=lambda trial: trial["number"]
    )


@pytest.mark.parametrize("generation", [2, 3])
def test_resumes_from_a_checkpoint_without_the_journal(
    registry: Registry, whole: RunFolder, tmp_path: Path, generation: int
) -> None:
    folder = search(registry, tmp_path)
    folder.journal.unlink()
    resume(folder.path / f"ckpt-gen{generation:04}.pkl", registry, Listener())
    assert tiny.results(folder) == tiny.results(whole)


HALTED = {"generations": None, "rungs": {"count": 2, "factor": 2}}


def test_who_had_no_time_to_go_on_is_no_worse_for_it(registry: Registry, tmp_path: Path) -> None:
    """The epochs are spent by the worse half of the first generation, on the first rung."""
    recipe = tiny.recipe(registry, tmp_path, search={**HALTED, "max_epochs": 0.8})
    outcome = start(recipe, registry, Listener())
    halted = list(outcome.folder.events("halted"))
    best = max(halted, key=lambda event: event["fitness"])
    assert [event["rungs"] for event in halted] == [[event["fitness"]] for event in halted]
    assert outcome.best["trial"] in {event["number"] for event in halted}
    assert len(outcome.trials) == len(trials(outcome.folder)) + len(halted) == 4
    assert leaders(outcome.trials, 1)[0].number == best["number"]
    space = assemble(recipe, registry).space
    assert outcome.folder.trials(space) == outcome.trials
    again = resume(outcome.folder.path, registry, Listener(), Changes(generations=1))
    assert {len(trial.rungs) for trial in again.trials} == {1, 2}
    assert outcome.folder.trials(space) == again.trials


@pytest.mark.parametrize("lost", [False, True])
def test_a_halted_search_is_resumed_in_its_finale(
    registry: Registry, tmp_path: Path, lost: bool
) -> None:
    class Killed(Listener):
        def finalist_started(self, genome: Genome, rank: int, count: int) -> None:
            raise KeyboardInterrupt

    search = {**HALTED, "max_epochs": 0.8}
    whole = start(tiny.recipe(registry, tmp_path / "whole", search=search), registry, Listener())
    with pytest.raises(KeyboardInterrupt):
        start(tiny.recipe(registry, tmp_path, search=search), registry, Killed())
    folder = RunFolder(tmp_path / "run")
    if lost:
        for path in folder.weights.iterdir():
            path.unlink()
    assert resume(folder.path, registry, Listener()).trials == whole.trials
    assert tiny.results(folder) == tiny.results(whole.folder)


def test_there_is_a_network_to_use_as_soon_as_one_is_trained(
    registry: Registry, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(registry, tmp_path, Impatient(1))
    assert RunFolder(tmp_path / "run").metrics()["stage"] == "search"
