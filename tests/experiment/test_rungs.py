"""A search in rungs: candidates go on from their own weights, whatever becomes of the process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from snas_cli.api import Trial
from snas_cli.experiment.running import resume, start
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.search.listener import Listener
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


@pytest.mark.parametrize("lost", [False, True], ids=["weights-there", "weights-lost"])
@pytest.mark.parametrize("stop_after", [2, 7, 9, 11, 14, 18])
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


@pytest.mark.parametrize("generation", [2, 3])
def test_resumes_from_a_checkpoint_without_the_journal(
    registry: Registry, whole: RunFolder, tmp_path: Path, generation: int
) -> None:
    folder = search(registry, tmp_path)
    folder.journal.unlink()
    resume(folder.path / f"ckpt-gen{generation:04}.pkl", registry, Listener())
    assert tiny.results(folder) == tiny.results(whole)
