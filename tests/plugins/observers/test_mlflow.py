"""What the MLflow observer writes, read back by MLflow's client from a database in a file."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from snas_plugins.observers.mlflow import MLflow

from snas_cli.api import SearchError
from snas_cli.testing.observers import CURVE, follow, sample_run, sample_trials

TRIALS = sample_trials()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables, which take seconds to make."""
    folder = tmp_path_factory.mktemp("empty")
    follow(MLflow({"experiment": "other"}), sample_run(folder), [])
    return folder / "mlflow.db"


@pytest.fixture
def run(tmp_path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty, tmp_path / "mlflow.db")
    return sample_run(tmp_path)


def runs(run: Path, experiment: str = "snas") -> dict[str, Any]:
    """Of the database beside the run, by name; a name that occurs twice fails."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{run.parent / 'mlflow.db'}")
    known = client.get_experiment_by_name(experiment)
    found = client.search_runs([known.experiment_id])
    names = [each.info.run_name for each in found]
    assert len(set(names)) == len(names), names
    return {each.info.run_name: (each, client) for each in found}


def history(entry: Any, metric: str) -> list[tuple[int, float]]:
    run, client = entry
    points = client.get_metric_history(run.info.run_id, metric)
    return sorted((point.step, point.value) for point in points)


def test_a_trial_is_a_nested_run_with_genes_metrics_and_its_curve(run: Path) -> None:
    follow(MLflow({}), run, TRIALS[:2])
    found = runs(run)
    trial, _ = found["trial 1"]
    search, _ = found["sample-001"]
    assert trial.data.tags["mlflow.parentRunId"] == search.info.run_id
    assert trial.data.params["family"] == TRIALS[1].genome.family
    assert trial.data.params["dropout"] == str(TRIALS[1].genome.genes["dropout"])
    assert trial.data.metrics["fitness"] == trial.data.metrics["val_acc"] == 0.53125
    expected = [(n, each["val_acc"]) for n, each in enumerate(CURVE, 1)]
    assert history(found["trial 1"], "curve.val_acc") == expected
    assert trial.info.status == "FINISHED"


def test_a_failed_trial_is_a_failed_run_with_its_reason(run: Path) -> None:
    follow(MLflow({}), run, TRIALS[:4])
    trial, _ = runs(run)["trial 3"]
    assert trial.info.status == "FAILED"
    assert trial.data.tags["reason"] == TRIALS[3].reason
    assert "fitness" not in trial.data.metrics


def test_the_search_has_its_recipe_generations_and_the_best(run: Path) -> None:
    follow(MLflow({}), run, TRIALS, finished=True)
    found = runs(run)["sample-001"]
    search, client = found
    assert search.info.status == "FINISHED"
    assert search.data.params["space.families"] == "deep"
    assert history(found, "generation.best") == [(0, 0.53125), (1, 0.5625), (2, 0.65625)]
    assert search.data.metrics["best.test_acc"] == 0.75
    assert search.data.metrics["best.controls.random.test_acc"] == 0.625
    assert search.data.tags["best.family"] == TRIALS[0].genome.family
    kept = {file.path for file in client.list_artifacts(search.info.run_id, "best")}
    assert kept == {"best/architecture.json", "best/metrics.json"}
    assert client.list_artifacts(search.info.run_id)[-1].path == "recipe.yaml"
    assert not (run.parent / "mlruns").exists()  # where MLflow puts what has no place


def test_an_interrupted_search_goes_on_in_its_run_wherever_it_is_moved(run: Path) -> None:
    follow(MLflow({}), run, TRIALS[:3])
    search, client = runs(run)["sample-001"]
    assert search.info.status == "KILLED"
    half = client.create_run(
        search.info.experiment_id, run_name="trial 3",
        tags={"mlflow.parentRunId": search.info.run_id, "snas.trial": "3"},
    )  # fmt: skip
    moved = run.rename(run.with_name("moved"))
    follow(MLflow({}), moved, TRIALS, finished=True)
    found = runs(run)
    assert found.keys() == {"sample-001", *(f"trial {number}" for number in range(6))}
    assert found["trial 3"][0].info.run_id != half.info.run_id
    assert found["sample-001"][0].info.run_id == search.info.run_id
    assert history(found["sample-001"], "generation.failed") == [(0, 0), (1, 1), (2, 0)]
    assert found["sample-001"][0].info.status == "FINISHED"


def test_where_it_goes_can_be_chosen(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = run.parent / "elsewhere"
    elsewhere.mkdir()
    shutil.move(run.parent / "mlflow.db", elsewhere)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{elsewhere / 'mlflow.db'}")
    follow(MLflow({"experiment": "mine"}), run, TRIALS[:2])
    assert "trial 1" in runs(elsewhere / "any", "mine")
    assert not (run.parent / "mlflow.db").exists()


def test_searches_that_begin_at_once_make_one_database(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow takes seconds to make its tables, and two who do it at once fail."""
    from snas_plugins.observers import _mlflow_store

    make, alone = _mlflow_store.MlflowClient, list[bool]()

    def client(tracking_uri: str) -> Any:
        with (run.parent / ".mlflow.db.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                alone.append(True)
        return make(tracking_uri=tracking_uri)

    monkeypatch.setattr(_mlflow_store, "MlflowClient", client)
    follow(MLflow({}), run, [])
    assert alone == [True]


def test_nothing_is_reported_to_anybody_else(run: Path) -> None:
    follow(MLflow({}), run, [])
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"uri": "x"}, "there is no option 'uri'; it has tracking_uri, experiment"),
        ({"experiment": 3}, "observers.mlflow.experiment is a text, not 3"),
    ],
)
def test_faulty_options_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SearchError, match=message):
        MLflow(options)


def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snas_plugins.observers._options.find_spec", lambda _name: None)
    with pytest.raises(SearchError, match=r"needs mlflow and sqlalchemy and alembic.*snas\[mlflow"):
        MLflow({})
