"""Jobs one after another in this process: nothing to start, and nothing to hold a crash off."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from snas_cli.api import (
    Executor,
    Failure,
    Job,
    JobResult,
    SearchError,
    Slot,
    Work,
    WorkerSetup,
    guarded,
    hookimpl,
)
from snas_plugins.executors._options import check_names


class InlineExecutor(Executor):
    """Time limits are not enforced, and a job that crashes takes the search with it."""

    name = "inline"
    summary = "one job at a time in the process of the search, without its own worker"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        check_names(self.name, options, ())
        self._work: Work | None = None
        self._log: Path | None = None

    @property
    def capacity(self) -> int:
        return 1

    def open(self, setup: WorkerSetup, logs: Path | None = None) -> Self:
        made = guarded(lambda: WorkerSetup(setup.maker, _plain(setup.arguments)).make(Slot(0)))
        if isinstance(made, Failure):
            raise SearchError(f"nothing can be evaluated: {made.reason}\n{made.details}".rstrip())
        self._work, self._log = made, logs and logs / "worker-0.log"
        return self

    def run(self, jobs: Iterable[Job]) -> Iterator[JobResult]:
        return map(self._done, sorted(jobs, key=lambda job: job.number))  # no gap is to be filled

    def _done(self, job: Job) -> JobResult:
        work = self._work
        assert work is not None  # it is open
        started = time.perf_counter()
        value = guarded(lambda: _plain(work(_plain(job.payload))))
        seconds = time.perf_counter() - started
        if isinstance(value, Failure):
            self._note(value.details)
            return JobResult(job.number, None, value.reason, seconds, worker=0)
        return JobResult(job.number, value, None, seconds, worker=0)

    def _note(self, details: str) -> None:
        if self._log is None:
            return
        with suppress(OSError), self._log.open("a", encoding="utf-8") as log:  # a full disk
            log.write(details)

    def close(self) -> None:
        self._work = None


def _plain(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """As it would arrive in another process."""
    sent: Mapping[str, Any] = json.loads(json.dumps(document))
    return sent


@hookimpl
def snas_register_executors() -> list[type[Executor]]:
    return [InlineExecutor]
