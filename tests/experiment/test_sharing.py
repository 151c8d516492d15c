"""A search whose candidates start from the weights of earlier ones is a search like any other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from snas_cli.api import Trial
from snas_cli.experiment.running import resume as go_on
from snas_cli.experiment.running import start
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.search.listener import Listener
from snas_cli.search.ranking import CONTENDERS
from tests.experiment import tiny


def search(
    registry: Registry, parent: Path, listener: Listener | None = None, **sharing: Any
) -> RunFolder:
    recipe = tiny.recipe(
        registry,
        parent,
        sharing={"enabled": True, "min_similarity": 0.2, **sharing},
    )
    return start(recipe, registry, listener or Listener()).folder


@pytest.fixture(scope="module")
def whole(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A search that nobody interrupted."""
    return search(registry, tmp_path_factory.mktemp("whole"))


def trials(folder: RunFolder) -> list[dict[str, Any]]:
    return sorted(folder.events("trial"), key=lambda trial: trial["number"])


def test_trials_record_their_donor_and_what_they_share(whole: RunFolder) -> None:
    found = trials(whole)
    donors = {t["number"]: found[t["metrics"]["donor"]] for t in found if "donor" in t["metrics"]}
    assert donors
    for number, donor in donors.items():
        assert donor["generation"] < found[number]["generation"]
        assert 0 < found[number]["metrics"]["shared"] <= 1
    assert not any("shared" in t["metrics"] for t in found if t["number"] not in donors)
    # A donor's donor: what a trial rests on goes back more than one generation.
    assert any("donor" in donor["metrics"] for donor in donors.values())


def test_switched_off_it_leaves_no_trace(registry: Registry, tmp_path: Path) -> None:
    folder = search(registry, tmp_path, enabled=False)
    assert all(not {"donor", "shared"} & trial["metrics"].keys() for trial in trials(folder))


class Impatient(Listener):
    def __init__(self, stop_after: int) -> None:
        self.stop_after = stop_after

    def trial_finished(self, trial: Trial) -> None:
        if trial.number == self.stop_after:
            raise KeyboardInterrupt


@pytest.mark.parametrize("stop_after", [3, 5, 9])
@pytest.mark.parametrize("lost", [False, True], ids=["weights-there", "weights-lost"])
def test_interrupted_and_resumed_is_as_if_it_never_was(
    registry: Registry, whole: RunFolder, tmp_path: Path, stop_after: int, lost: bool
) -> None:
    """Without weights, what they were trained from is trained again."""
    with pytest.raises(KeyboardInterrupt):
        search(registry, tmp_path, Impatient(stop_after))
    folder = RunFolder(tmp_path / "run")
    if lost:
        for path in folder.weights.iterdir():
            path.unlink()
    go_on(folder.path, registry, Listener())
    assert tiny.results(folder) == tiny.results(whole)


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_resumes_from_any_checkpoint_without_the_journal(
    registry: Registry, whole: RunFolder, tmp_path: Path, generation: int
) -> None:
    """The weights of the pool went when the search ended: they are trained again."""
    folder = search(registry, tmp_path)
    folder.journal.unlink()
    go_on(folder.path / f"ckpt-gen{generation:04}.pkl", registry, Listener())
    assert tiny.results(folder) == tiny.results(whole)


class Watcher(Listener):
    """Notes what lies in weights/ whenever a generation has ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: list[set[str]] = []

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        self.seen.append({path.name for path in (self.folder / "weights").iterdir()})


def test_keeps_the_pool_while_there_are_candidates_to_come(
    registry: Registry, tmp_path: Path
) -> None:
    watcher = Watcher(tmp_path / "run")
    folder = search(registry, tmp_path, watcher)
    found = trials(folder)
    for generation, names in enumerate(watcher.seen):
        until = {t["fingerprint"] for t in found if t["generation"] <= generation}
        assert names == {f"search-{fingerprint}.safetensors" for fingerprint in until}
    left = {path.name for path in folder.weights.glob("search-*")}
    assert len(left) == 2 * CONTENDERS  # nobody starts from the others any more


def test_a_small_pool_is_the_fittest(registry: Registry, tmp_path: Path) -> None:
    watcher = Watcher(tmp_path / "run")
    folder = search(registry, tmp_path, watcher, max_models=1)
    # Those that the two of the finale are chosen from are more, and of four candidates all.
    assert list(map(len, watcher.seen)) == [4, 2 * CONTENDERS, 2 * CONTENDERS]
    donors = [t["metrics"]["donor"] for t in trials(folder) if "donor" in t["metrics"]]
    assert set(donors) <= {_best_before(folder, generation) for generation in (1, 2)}


def _best_before(folder: RunFolder, generation: int) -> int:
    earlier = [trial for trial in trials(folder) if trial["generation"] < generation]
    best = max(earlier, key=lambda trial: (trial["fitness"], -trial["number"]))
    return int(best["number"])
