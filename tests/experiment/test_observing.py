"""Observers that a recipe names: what they are told, and that they cannot harm a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, ClassVar

import pytest

from snas_cli.api import Curve, Observer, SearchError, Trial, hookimpl
from snas_cli.errors import RecipeError
from snas_cli.experiment.controls import Ending, random_recipe
from snas_cli.experiment.running import Changes, resume, start
from snas_cli.registry import GROUP, Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.search.listener import Listener
from tests.experiment import judged


class Recorder(Observer):
    """Writes down what it is told, and raises where an option says so."""

    name = "recorder"
    summary = "what it was told; option fails"
    told: ClassVar[list[tuple[Any, ...]]] = []

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        if options.keys() > {"fails", "error"}:
            raise SearchError(f"observers.recorder: there is no option in {sorted(options)}")

    def _note(self, what: str, *about: Any) -> None:
        self.told.append((what, *about))
        if self.options.get("fails") == what:
            raise {"ours": SearchError, "any": ValueError}[self.options["error"]]("on purpose")

    def search_started(self, folder: Path, recipe: Mapping[str, Any]) -> None:
        self._note("started", folder.name, recipe["seed"])

    def trial_finished(self, trial: Trial, curve: Curve) -> None:
        self._note("trial", trial.number, curve)

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        self._note("generation", generation, len(trials))

    def search_finished(self, folder: Path, best: Mapping[str, Any]) -> None:
        self._note("finished", best["fitness"])

    def close(self) -> None:
        self._note("closed")


@hookimpl
def snas_register_observers() -> list[type[Observer]]:
    return [Recorder]


@pytest.fixture(scope="module")
def plugged() -> Registry:
    points = [EntryPoint("judged", judged.__name__, GROUP), EntryPoint("ours", __name__, GROUP)]
    return Registry([*entry_points(group=GROUP), *points])


@pytest.fixture
def told(plugged: Registry) -> list[tuple[Any, ...]]:
    """By the class that the registry has, which pytest imported under a name of its own."""
    told: list[tuple[Any, ...]] = plugged.observer("recorder").told  # type: ignore[attr-defined]
    told.clear()
    return told


class Impatient(Listener):
    """Ends the search at a trial; collects notices."""

    def __init__(self, trial: int | None = None) -> None:
        self.trial = trial
        self.notices: list[str] = []

    def notice(self, what: str) -> None:
        self.notices.append(what)

    def trial_finished(self, trial: Trial) -> None:
        if trial.number == self.trial:
            raise KeyboardInterrupt


def search(
    registry: Registry, folder: Path, options: dict[str, Any] | None, listener: Listener
) -> None:
    recipe = judged.recipe(registry, folder, observers={"recorder": options})  # type: ignore[dict-item]
    start(recipe, registry, listener)


def kinds(told: Sequence[tuple[Any, ...]]) -> list[str]:
    return [what for what, *_ in told]


def test_it_is_told_all_in_order(
    plugged: Registry, told: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    search(plugged, tmp_path, None, Listener())
    assert told[0] == ("started", "run", 0)
    assert kinds(told)[:8] == ["started", *["trial"] * 6, "generation"]
    numbers = [about[0] for what, *about in told if what == "trial"]
    assert sorted(numbers) == list(range(21))
    assert kinds(told)[-2:] == ["finished", "closed"]


def test_one_that_is_not_named_is_not_made(
    plugged: Registry, told: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    start(judged.recipe(plugged, tmp_path), plugged, Listener())
    assert told == []


def test_a_search_that_goes_on_is_told_again_from_the_beginning(
    plugged: Registry, told: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(plugged, tmp_path, {}, Impatient(trial=8))
    assert kinds(told)[-1] == "closed"
    assert ("trial", 8, ()) not in told  # it was recorded, and never told
    told.clear()
    resume(tmp_path / "run", plugged, Listener())
    numbers = [about[0] for what, *about in told if what == "trial"]
    assert sorted(numbers) == list(range(21))
    assert kinds(told)[-2:] == ["finished", "closed"]
    told.clear()
    resume(tmp_path / "run", plugged, Listener(), Changes(generations=5))
    assert len([what for what in kinds(told) if what == "trial"]) > 21
    assert kinds(told)[-2:] == ["finished", "closed"]


@pytest.mark.parametrize("error", ["ours", "any"])
@pytest.mark.parametrize("what", ["started", "trial", "generation", "finished", "closed"])
def test_one_that_fails_is_named_once_and_not_called_again(
    plugged: Registry, told: list[tuple[Any, ...]], tmp_path: Path, what: str, error: str
) -> None:
    listener = Impatient()
    search(plugged, tmp_path, {"fails": what, "error": error}, listener)
    assert kinds(told).count(what) == 1
    assert kinds(told)[-1] == what
    (notice,) = [notice for notice in listener.notices if "recorder" in notice]
    assert notice.startswith("the observer 'recorder' failed in ")
    assert notice.endswith("on purpose")


def test_what_it_cannot_have_is_told_before_anything_starts(
    plugged: Registry, tmp_path: Path
) -> None:
    with pytest.raises(SearchError, match="there is no option"):
        search(plugged, tmp_path, {"fails": "", "error": "any", "loud": 1}, Listener())
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_name_is_answered_with_a_near_one(plugged: Registry, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"observers\.recorde: .*did you mean 'recorder'\?"):
        judged.recipe(plugged, tmp_path, observers={"recorde": {}})


def test_controls_are_not_observed(plugged: Registry, tmp_path: Path) -> None:
    recipe = judged.recipe(plugged, tmp_path, observers={"recorder": {}})
    assert random_recipe(recipe, RunFolder(tmp_path / "run"), 1.0, Ending(1, 1)).observers == {}
