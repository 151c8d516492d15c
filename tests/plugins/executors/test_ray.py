"""Actors of Ray: on a cluster of our own, and on one of two machines, of which one goes away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from snas_plugins.executors._ray_cluster import token
from snas_plugins.executors.ray_cluster import RayExecutor

from snas_cli.api import SearchError, WorkerSetup
from snas_cli.errors import DataError
from snas_cli.experiment.running import start
from snas_cli.registry import Registry
from snas_cli.search.listener import Listener
from tests.experiment.tiny import recipe, results
from tests.plugins.executors.conftest import Open, answers, children, run

# Not importorskip: Ray reads its environment when it is imported.
pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="needs snas[ray]")


@pytest.fixture(autouse=True)
def nothing_stays(importable: None) -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gpu_ids": [0]}, "no option 'gpu_ids'; it has workers, address"),
        ({"gpus_per_worker": 1.5}, "gpus_per_worker must be a share"),
        ({"cpus_per_worker": 0}, "cpus_per_worker must be a share"),
        ({"address": 1}, "address must be a text"),
        ({"workers": 0}, "workers must be a whole number"),
    ],
)
def test_what_cannot_be_asked_for(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SearchError, match=message):
        RayExecutor(options)


def test_a_cluster_of_our_own(
    open_executor: Open, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """All in one, for it takes seconds to start."""
    executor = open_executor(RayExecutor, {"workers": 2}, logs=tmp_path)
    assert executor.capacity == 2
    failures = run(executor, {}, {"do": "fail"}, {"do": "give_up"}, {"do": "say"})
    assert [failure.reason for failure in failures] == [
        None, "ValueError: bad luck", "not a number", None,
    ]  # fmt: skip
    dies = {"do": "die", "once": str(tmp_path / "died")}
    deaths = run(executor, {}, dies, {"do": "leave"}, {})
    assert [death.retries for death in deaths] == [0, 1, 1, 0]
    assert answers(deaths)[:2] == [0, "at last"]
    assert (deaths[2].reason or "").startswith("the worker died: Worker exits unexpectedly")
    late = run(executor, {"do": "hog", "time_limit": 0.25}, {})
    assert answers(late) == ["took longer than 0.25 s", 1]
    with pytest.raises(DataError, match="enough"):
        run(executor, {"do": "stop", "error": "DataError"})
    executor.close()
    assert "RAY_AUTH_TOKEN" not in os.environ
    logs = "".join(log.read_text() for log in tmp_path.glob("worker-*.log"))
    assert "hello from C\n" in logs
    assert "ValueError: bad luck" in logs
    assert capfd.readouterr() == ("", "")


def test_more_than_there_is_room_for() -> None:
    executor = RayExecutor({"workers": 1, "gpus_per_worker": 1000})
    with pytest.raises(
        SearchError, match=r"1 workers with 1 CPUs and 1000 GPUs each .* room for 0"
    ):
        executor.open(WorkerSetup("errands:make", {}))


class Leaving(Listener):
    """Takes a machine away once a trial has finished."""

    def __init__(self, cluster: Any, machine: Any) -> None:
        self._cluster, self._machine = cluster, machine

    def trial_finished(self, trial: Any) -> None:
        if self._machine is not None:
            self._cluster.remove_node(self._machine, allow_graceful=False)
            self._machine = None


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, nothing_stays: None) -> Iterator[Any]:
    for name, value in {
        "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token(), "OMP_NUM_THREADS": "1",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",
        "RAY_worker_niceness": "0",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    from ray.cluster_utils import Cluster

    with TemporaryDirectory(prefix="snas-ray-") as folder:
        monkeypatch.setenv("RAY_TMPDIR", folder)
        Path(folder, "ray").mkdir()  # where it notes its address
        made = Cluster(shutdown_at_exit=False)
        try:
            made.add_node(num_cpus=1, include_dashboard=False)
            yield made
        finally:
            made.shutdown()


def test_a_machine_leaves_in_the_middle(
    cluster: Any, registry: Registry, tmp_path: Path, inline: dict[str, object]
) -> None:
    """The search ends as it would have; workers read nothing of the run's folder."""
    machine = cluster.add_node(num_cpus=1)
    crew = {"executor": "ray", "workers": 2, "options": {"address": cluster.address}}
    wanted = recipe(registry, tmp_path, execution=crew)
    outcome = start(wanted, registry, Leaving(cluster, machine))
    assert results(outcome.folder) == inline
