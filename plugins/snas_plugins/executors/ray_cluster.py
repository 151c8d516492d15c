"""Jobs in actors of Ray: on a cluster, or on this machine with shares of its GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Self

from snas_cli.api import Executor, Job, JobResult, SearchError, Slot, WorkerSetup, hookimpl
from snas_plugins.executors._options import amount, check_installed, check_names, count, text
from snas_plugins.executors._placement import cores
from snas_plugins.executors._ray_cluster import Need, connected
from snas_plugins.executors._ray_worker import ActorWorker, Kit, wait
from snas_plugins.executors._supervisor import Supervisor


class RayExecutor(Executor):
    """Options: `workers`, else as many as there is room for; `address` of a cluster, else Ray is
    started on this machine, for itself and until `close`; `cpus_per_worker`, else 1;
    `gpus_per_worker`, else none are asked for.

    Workers on a cluster see no files of this machine: they are sent what a DistantSetup has, once,
    and a job's files each time.
    """

    name = "ray"
    summary = "workers on a Ray cluster; options address, gpus_per_worker, cpus_per_worker"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        check_names(
            self.name, options, ("workers", "address", "gpus_per_worker", "cpus_per_worker")
        )
        check_installed(self.name, "ray")
        self._workers = count(options, "workers")
        self._need = Need(
            amount(options, "cpus_per_worker") or 1.0,
            amount(options, "gpus_per_worker") or 0.0,
            text(options, "address"),
        )
        self._open: ExitStack | None = None
        self._supervisor: Supervisor[ActorWorker] | None = None

    @property
    def capacity(self) -> int:
        """Without `workers`, it may take seconds to find out."""
        if self._workers is None:
            if self._need.address is None and not self._need.gpus:
                return max(int(cores() / self._need.cpus), 1)
            with connected(self._need, None):
                self._workers = self._checked()
        return self._workers

    def open(self, setup: WorkerSetup, logs: Path | None = None) -> Self:
        assert self._open is None  # one setup at a time
        with ExitStack() as undo:
            undo.enter_context(connected(self._need, self._workers))
            kit = Kit(setup, self._need, logs, self._sent(setup))
            slots = [Slot(number) for number in range(self._checked())]
            self._supervisor = Supervisor(
                slots, lambda slot: ActorWorker(slot, kit), partial(wait, self._need)
            )
            undo.callback(self._supervisor.close)
            self._open = undo.pop_all()
        return self

    def _checked(self) -> int:
        """How many workers there are to be. Raises SearchError for more than there is room for."""
        room = self._need.room()
        if not room or (self._workers or 0) > room:
            wanted = f"{self._workers or 1} {self._need}"
            where = self._need.address or "this machine"
            raise SearchError(f"{wanted} are asked for, and {where} has room for {room}")
        return self._workers or room

    def _sent(self, setup: WorkerSetup) -> Any:
        """Once for all workers: a reference to what those on other machines need."""
        import ray

        if self._need.address is None or setup.distant is None:
            return None
        try:
            return ray.put(dict(setup.distant.arrays()))
        except ray.exceptions.RayError as error:
            reason = str(error).splitlines()[0]
            raise SearchError(f"the data cannot be sent to the cluster: {reason}") from error

    def run(self, jobs: Iterable[Job]) -> Iterator[JobResult]:
        supervisor = self._supervisor
        assert supervisor is not None  # it is open
        for worker in supervisor.workers():
            if worker.idle:
                worker.ask()
        return supervisor.run(jobs)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = self._supervisor = None


@hookimpl
def snas_register_executors() -> list[type[Executor]]:
    return [RayExecutor]
