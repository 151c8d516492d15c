"""Jobs in processes of this machine: one for each core, or one or more for each GPU."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from snas_cli.api import Executor, Job, JobResult, Slot, WorkerSetup, hookimpl
from snas_plugins.executors._options import check_names
from snas_plugins.executors._placement import environment_of, slots_of
from snas_plugins.executors._process import WorkerProcess
from snas_plugins.executors._supervisor import Supervisor


class LocalExecutor(Executor):
    """Options: `workers`, or `gpu_ids` and `workers_per_gpu`. Workers stay until `close`; a time
    limit counts from when a worker has got the job."""

    name = "local"
    summary = "worker processes of this machine; a crash, or a time limit, costs one job only"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        check_names(self.name, options, ("workers", "gpu_ids", "workers_per_gpu"))
        self._slots = slots_of(options, os.environ)
        self._open: ExitStack | None = None
        self._supervisor: Supervisor[WorkerProcess] | None = None

    @property
    def capacity(self) -> int:
        return len(self._slots)

    def open(self, setup: WorkerSetup, logs: Path | None = None) -> Self:
        """Workers start with the first jobs: what they cannot do is told by `run`."""
        assert self._open is None  # one setup at a time
        self._open = ExitStack()
        folder = logs or Path(self._open.enter_context(TemporaryDirectory(prefix="snas-workers-")))
        self._supervisor = Supervisor(self._slots, partial(_start, setup, folder), _wait)
        self._open.callback(self._supervisor.close)
        return self

    def run(self, jobs: Iterable[Job]) -> Iterator[JobResult]:
        assert self._supervisor is not None  # it is open
        return self._supervisor.run(jobs)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = self._supervisor = None


def _start(setup: WorkerSetup, logs: Path, slot: Slot) -> WorkerProcess:
    log = logs / f"worker-{slot.number}.log"
    return WorkerProcess(slot, setup, log, environment_of(slot, os.environ))


def _wait(workers: list[WorkerProcess], seconds: float) -> None:
    wait([worker.connection for worker in workers], seconds)


@hookimpl
def snas_register_executors() -> list[type[Executor]]:
    return [LocalExecutor]
