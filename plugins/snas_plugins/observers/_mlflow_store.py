"""One search in an MLflow tracker: its run, and those nested in it."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

# MLflow reports its use to its makers unless it is told not to; what a search does is nobody's
# business. And a tracker that is away must not hold a search up: 3 attempts take some 15 seconds,
# the usual 7 some minutes.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag, ViewType

from snas_plugins.observers._records import Scalar

for name in ("mlflow", "alembic"):  # they tell of tables being made
    logging.getLogger(name).setLevel(logging.WARNING)

DATABASE = "sqlite:///"  # begins the address of a file
SEARCH = "snas.search"  # the tag of the search's own run
PARENT = "mlflow.parentRunId"
PARAMS, METRICS = 100, 1000  # that MLflow takes at once
OVER = ("FINISHED", "FAILED")


Item = TypeVar("Item")


class Store:
    """Finds the search's run by a key that is kept in its folder, or makes it."""

    def __init__(self, uri: str, experiment: str, folder: Path) -> None:
        with _alone(uri):
            self._client = MlflowClient(tracking_uri=uri)  # makes the tables
            self._experiment = self._find_experiment(experiment, folder, uri)
        key = _key(folder / "mlflow.json", {"tracking_uri": uri, "experiment": experiment})
        found = list(self._runs(f"tags.`{SEARCH}` = '{key}'"))
        self.new = not found
        self.run = found[0].info.run_id if found else self.start(folder.name, {SEARCH: key})
        self._client.update_run(self.run, status="RUNNING")

    def _find_experiment(self, name: str, folder: Path, uri: str) -> str:
        """Its id. Beside our own database, its files have their place; else the tracker knows."""
        known = self._client.get_experiment_by_name(name)
        if known is not None:
            return str(known.experiment_id)
        own = folder.resolve().parent / "mlartifacts"
        place = own.as_uri() if uri == own_uri(folder) else None
        return str(self._client.create_experiment(name, artifact_location=place))

    def _runs(self, having: str) -> Iterator[Run]:
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment], having, ViewType.ACTIVE_ONLY, page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    def nested(self, tag: str) -> set[str]:
        """The values of a tag that finished runs of the search have. Others, of which a part was
        written when the search was killed, are deleted."""
        values = set()
        for run in list(self._runs(f"tags.`{PARENT}` = '{self.run}'")):
            if run.info.status in OVER:
                values.add(run.data.tags[tag])
            else:
                self._client.delete_run(run.info.run_id)
        return values

    def steps(self, metric: str) -> set[int]:
        """Of the search's run, that have this metric."""
        return {point.step for point in self._client.get_metric_history(self.run, metric)}

    def start(self, name: str, tags: Mapping[str, str]) -> str:
        run = self._client.create_run(self._experiment, tags=dict(tags), run_name=name)
        return str(run.info.run_id)

    def start_nested(self, name: str, tags: Mapping[str, str]) -> str:
        return self.start(name, {**tags, PARENT: self.run})

    def log_metrics(self, run: str, steps: Mapping[int, Mapping[str, float]]) -> None:
        """Each step's, by name."""
        now = int(time.time() * 1000)
        points = [
            Metric(name, value, now, step)
            for step, metrics in steps.items()
            for name, value in metrics.items()
        ]
        for batch in batched(points, METRICS):
            self._client.log_batch(run, metrics=batch)

    def log_params(self, run: str, params: Mapping[str, Scalar]) -> None:
        entries = [Param(name, str(value)) for name, value in params.items()]
        for batch in batched(entries, PARAMS):
            self._client.log_batch(run, params=batch)

    def set_tags(self, run: str, tags: Mapping[str, str]) -> None:
        self._client.log_batch(run, tags=[RunTag(name, text) for name, text in tags.items()])

    def keep(self, path: Path) -> None:
        """A file or a folder of the search's."""
        if path.is_dir():
            self._client.log_artifacts(self.run, str(path), path.name)
        else:
            self._client.log_artifact(self.run, str(path))

    def end(self, run: str, status: str) -> None:
        self._client.set_terminated(run, status)


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[first : first + size] for first in range(0, len(items), size))


def own_uri(folder: Path) -> str:
    """Where nobody says otherwise: a database beside the run directory, for all runs there."""
    return f"sqlite:///{folder.resolve().parent / 'mlflow.db'}"


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Of searches that begin at the same time, one makes the tables of a new database, and the
    others wait: MLflow itself lets all of them try, and all but one fail."""
    if not uri.startswith(DATABASE):
        yield
        return
    path = Path(uri.removeprefix(DATABASE))
    with path.with_name(f".{path.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _key(path: Path, about: Mapping[str, str]) -> str:
    """By which the search is known to the tracker, wherever its folder is moved."""
    if not path.exists():
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps({"search": uuid4().hex, **about}, indent=2), encoding="utf-8")
        partial.replace(path)
    return str(json.loads(path.read_text(encoding="utf-8"))["search"])
