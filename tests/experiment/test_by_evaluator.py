"""Searches that a plugin's evaluator judges: their files, and going on with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from snas_cli.api import CandidateError, Evaluation, Genome, Proposal, Trial
from snas_cli.errors import RecipeError, RunError, SearchError
from snas_cli.experiment import by_evaluator
from snas_cli.experiment.by_evaluator import evaluator_judge
from snas_cli.experiment.running import Changes, resume, start
from snas_cli.recipe.resolve import objectives_of
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.search.listener import Listener
from snas_cli.search.ranking import front
from tests.experiment import judged, tiny


@pytest.fixture(scope="module")
def plugged() -> Registry:
    return judged.registry()


def search(
    registry: Registry, folder: Path, listener: Listener | None = None, **sections: dict[str, Any]
) -> RunFolder:
    recipe = judged.recipe(registry, folder, **sections)
    return start(recipe, registry, listener or Listener()).folder


@pytest.fixture(scope="module")
def whole(plugged: Registry, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A search that nobody interrupted."""
    return search(plugged, tmp_path_factory.mktemp("whole"))


# --- what is left of it ---------------------------------------------------------------------------


def test_it_leaves_a_run_without_pictures_or_weights(whole: RunFolder) -> None:
    names = {path.name for path in whole.path.iterdir()}
    assert {"recipe.yaml", "journal.jsonl", "ckpt.pkl", "best", "data.json"} <= names
    assert not whole.splits.exists()
    assert not list(whole.weights.iterdir())
    assert {path.name for path in whole.best.iterdir()} == {"architecture.json", "metrics.json"}


def test_the_best_is_published_with_what_is_known_of_it(
    plugged: Registry, whole: RunFolder
) -> None:
    recipe = judged.recipe(plugged, whole.path)
    trials = whole.trials(evaluator_judge(recipe, plugged).space)
    assert len(trials) == 6 + 3 * 5
    best = max(
        (trial for trial in trials if trial.fitness is not None),
        key=lambda trial: (trial.fitness, -trial.number),
    )
    architecture = json.loads((whole.best / "architecture.json").read_text())
    assert architecture["genes"] == best.genome.to_json()["genes"]
    assert architecture["fingerprint"] == best.genome.fingerprint
    metrics = whole.metrics()
    assert metrics == whole.finished()
    assert (metrics["stage"], metrics["trial"]) == ("search", best.number)
    assert metrics["fitness"] == metrics["val_acc"] == best.fitness


def test_what_the_evaluator_has_no_score_for_fails_with_its_reason(
    plugged: Registry, tmp_path: Path
) -> None:
    changes = {"generations": 2, "population_size": 20, "strategy": "random", "options": {}}
    folder = search(plugged, tmp_path, search=changes)
    failed = [event for event in folder.events("trial") if event["fitness"] is None]
    assert failed
    assert all(event["reason"] == "it lies on an axis" for event in failed)
    assert all(0 in event["architecture"]["genes"].values() for event in failed)


@pytest.mark.parametrize("strategy", ["aging", "evolution", "local", "nsga2", "random"])
def test_a_table_that_knows_hardly_any_architecture_is_searched_all_the_same(
    plugged: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    """None of the first eleven, which are more than a generation."""
    evaluate, asked = judged.Formula.evaluate, list[Genome]()

    def knowing(self: judged.Formula, genome: Genome) -> Evaluation:
        asked.append(genome)
        if len(asked) <= 11:
            raise CandidateError("the table has no such network")
        return evaluate(self, genome)

    monkeypatch.setattr(judged.Formula, "evaluate", knowing)
    changes = {"generations": 9, "population_size": 4, "strategy": strategy, "options": {}}
    found = search(plugged, tmp_path, search=changes)
    failed = [event["number"] for event in found.trial_events() if event["fitness"] is None]
    assert failed[:11] == list(range(11))
    assert len(failed) < len(found.trial_events())


def test_a_table_that_knows_nothing_says_so(
    plugged: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ignorant(self: judged.Formula, genome: Genome) -> Evaluation:
        raise CandidateError("the table has no such network")

    monkeypatch.setattr(judged.Formula, "evaluate", ignorant)
    with pytest.raises(SearchError, match="all of the first 24 candidates failed, 24 of them with"):
        search(plugged, tmp_path, search={"elites": 0})


def test_a_run_is_called_after_its_evaluator(plugged: Registry, tmp_path: Path) -> None:
    folder = search(plugged, tmp_path, output={"name": None}, search={"generations": 1})
    assert folder.path.name == "formula-001"


def test_the_same_seed_gives_the_same_files(
    plugged: Registry, whole: RunFolder, tmp_path: Path
) -> None:
    assert tiny.results(search(plugged, tmp_path)) == tiny.results(whole)


def test_several_objectives_leave_a_front(plugged: Registry, tmp_path: Path) -> None:
    both = {"objectives": ["accuracy", "params"]}
    folder = search(plugged, tmp_path, search=both)
    summaries = list(folder.events("generation"))
    volumes = [summary["hypervolume"] for summary in summaries]
    assert volumes == sorted(volumes)
    recipe = judged.recipe(plugged, tmp_path, search=both)
    trials = folder.trials(evaluator_judge(recipe, plugged).space)
    expected = [trial.number for trial in front(trials, objectives_of(recipe))]
    assert summaries[-1]["front"] == expected
    assert len({trials[number].generation for number in expected}) > 1


def test_of_equals_the_first_is_the_best(plugged: Registry, tmp_path: Path) -> None:
    """Four points are nearest to a peak between them."""
    changes = {"generations": 1, "population_size": 100, "strategy": "random", "options": {}}
    folder = search(plugged, tmp_path, search=changes, evaluator={"options": {"peak": 5.5}})
    best = [event["number"] for event in folder.events("trial") if event["fitness"] == -0.5]
    assert len(best) > 1
    assert folder.metrics()["trial"] == best[0]
    assert folder.metrics() == folder.finished()


# --- going on -------------------------------------------------------------------------------------


class Impatient(Listener):
    """Ends the search at a trial or, where it is to be, as a generation has been proposed."""

    def __init__(self, trial: int | None = None, generation: int | None = None) -> None:
        self.trial = trial
        self.generation = generation

    def proposed(self, generation: int, proposals: Sequence[Proposal]) -> None:
        if generation == self.generation:
            raise KeyboardInterrupt

    def trial_finished(self, trial: Trial) -> None:
        if trial.number == self.trial:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    "stop", [{"trial": n} for n in (0, 5, 6, 13, 20)] + [{"generation": n} for n in (0, 2)], ids=str
)
def test_interrupted_and_resumed_is_as_if_it_never_was(
    plugged: Registry, whole: RunFolder, tmp_path: Path, stop: dict[str, int]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(plugged, tmp_path, Impatient(**stop))
    folder = RunFolder(tmp_path / "run")
    assert folder.finished() is None
    resume(folder.path, plugged, Listener())
    assert tiny.results(folder) == tiny.results(whole)


def test_what_comes_after_an_interruption_is_the_best_only_if_it_is_better(
    plugged: Registry, whole: RunFolder, tmp_path: Path
) -> None:
    best = whole.metrics()["trial"]
    assert best < 20, "the last is not the best"
    with pytest.raises(KeyboardInterrupt):
        search(plugged, tmp_path, Impatient(trial=best))
    with pytest.raises(KeyboardInterrupt):
        resume(tmp_path / "run", plugged, Impatient(trial=best + 1))
    assert RunFolder(tmp_path / "run").metrics()["trial"] == best


@pytest.mark.parametrize("generation", [2, 4])
def test_resumes_from_a_checkpoint_without_the_journal(
    plugged: Registry, whole: RunFolder, tmp_path: Path, generation: int
) -> None:
    folder = search(plugged, tmp_path)
    folder.journal.unlink()
    resume(folder.path / f"ckpt-gen{generation:04}.pkl", plugged, Listener())
    assert tiny.results(folder) == tiny.results(whole)


def test_a_finished_search_is_not_searched_again(plugged: Registry, whole: RunFolder) -> None:
    before = whole.journal.read_bytes()
    outcome = resume(whole.path, plugged, Impatient(trial=0))
    assert outcome.best == whole.metrics()
    assert whole.journal.read_bytes() == before


def test_more_generations_end_as_if_they_had_been_asked_for_at_once(
    plugged: Registry, whole: RunFolder, tmp_path: Path
) -> None:
    """Without levels, which have their share of all generations."""
    folder = search(plugged, tmp_path, search={"generations": 2})
    resume(folder.path, plugged, Listener(), Changes(generations=4))
    assert tiny.results(folder) == tiny.results(whole)


def test_a_budget_of_trials_is_kept_to(plugged: Registry, tmp_path: Path) -> None:
    folder = search(plugged, tmp_path, search={"generations": None, "max_trials": 9})
    assert [event["number"] for event in folder.events("trial")] == list(range(9))
    assert folder.finished()


# --- what is refused ------------------------------------------------------------------------------


def test_another_evaluator_cannot_go_on_with_it(plugged: Registry, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(plugged, tmp_path, Impatient(trial=7))
    folder = RunFolder(tmp_path / "run")
    before = folder.journal.read_bytes()
    folder.recipe.write_text(folder.recipe.read_text().replace("peak: 5", "peak: 6"))
    with pytest.raises(RunError, match="was judged by another evaluator; start a new search"):
        resume(folder.path, plugged, Listener())
    assert folder.journal.read_bytes() == before


def test_options_that_the_evaluator_refuses_leave_no_run(plugged: Registry, tmp_path: Path) -> None:
    with pytest.raises(SearchError, match=r"evaluator\.options\.peak"):
        search(plugged, tmp_path, evaluator={"options": {}})
    assert not list(tmp_path.iterdir())


def test_a_misspelt_evaluator_is_told_by_the_likely_one(plugged: Registry, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'formula'"):
        judged.recipe(plugged, tmp_path, evaluator={"name": "formla"})


def test_limits_hold_by_what_the_evaluator_knows(plugged: Registry, tmp_path: Path) -> None:
    folder = search(plugged, tmp_path, limits={"max_params": 60})
    found = [event["architecture"]["genes"] for event in folder.events("trial")]
    assert len(found) == 21
    assert all(genes["x"] * 10 + genes["y"] <= 60 for genes in found)


@pytest.mark.parametrize(
    ("limit", "what"),
    [
        ({"max_latency_ms": 5}, "latency_ms"),
        ({"max_flops": 1000}, "flops"),
        ({"max_size_bytes": 9}, "size"),
    ],
)
def test_limits_on_what_it_does_not_know_are_refused(
    plugged: Registry, tmp_path: Path, limit: dict[str, int], what: str
) -> None:
    message = rf"limits\.max_{what}.*: the evaluator 'formula' does not know .* but params"
    with pytest.raises(SearchError, match=message):
        search(plugged, tmp_path, limits=limit)


@pytest.mark.parametrize("score", [float("nan"), True, "good", None])
def test_scores_are_finite_numbers(score: object) -> None:
    with pytest.raises(CandidateError, match=r"the evaluator's size is .*, not a finite number"):
        by_evaluator._check_numbers({"fitness": 1, "size": score})
