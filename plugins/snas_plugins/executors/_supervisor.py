"""Keeps workers at work: starts them, hands out jobs, notices deaths and time limits."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

from snas_cli.api import (
    Job,
    JobResult,
    SearchError,
    Slot,
    SnasError,
    error_from_json,
    heavy_first,
)
from snas_plugins.executors._assignments import Assignment, Worker

AnyWorker = TypeVar("AnyWorker", bound=Worker)

MOST_CRASHES = 2  # of workers over one job
MOST_FALSE_STARTS = 5  # workers of a slot killed one after another before they were ready
LOOK_AROUND = 1.0  # seconds: a dead worker whose children hold its pipe open is noticed by then


class Supervisor(Generic[AnyWorker]):
    """Workers are started when there are jobs for them, and stay for the next ones."""

    def __init__(
        self,
        slots: list[Slot],
        start: Callable[[Slot], AnyWorker],
        wait: Callable[[list[AnyWorker], float], object],
    ) -> None:
        """`wait` returns when one of the workers has something to say, or dies, or after so many
        seconds."""
        self._slots = slots
        self._start = start
        self._wait = wait
        self._workers: dict[int, AnyWorker] = {}  # by the number of their slot
        self._false_starts: Counter[int] = Counter()

    def workers(self) -> list[AnyWorker]:
        """Those that there are; between two calls of `run`, none of them is at work."""
        return list(self._workers.values())

    def run(self, jobs: Iterable[Job]) -> Iterator[JobResult]:
        """See Executor.run."""
        waiting = deque(Assignment(job) for job in heavy_first(jobs))
        assert not self._engaged()  # one call at a time
        try:
            self._engage(waiting)
            while waiting or self._engaged():
                yield from self._next_results(waiting)
        finally:
            self._dismiss(self._engaged())

    def _next_results(self, waiting: deque[Assignment]) -> Iterator[JobResult]:
        """Of those that finish next. An error comes after them: what is done is not lost."""
        results: list[JobResult] = []
        try:
            self._listen(results)
            self._engage(waiting)  # before the caller, who may take long over a result
        except SnasError:
            yield from results
            raise
        yield from results

    def _engaged(self) -> list[AnyWorker]:
        return [worker for worker in self._workers.values() if worker.assignment]

    def close(self) -> None:
        self._dismiss(self.workers())

    def _engage(self, waiting: deque[Assignment]) -> None:
        """Gives jobs to those who are free, and starts as many workers as can have one."""
        for worker in self._workers.values():
            if worker.idle and (waiting or self._reserved()):
                worker.give(self._next(waiting))
        coming = sum(not (w.ready or w.assignment) for w in self._workers.values())
        free = (slot for slot in self._slots if slot.number not in self._workers)
        for slot in islice(free, max(len(waiting) - coming, 0)):
            self._workers[slot.number] = self._start(slot)

    def _reserved(self) -> list[AnyWorker]:
        """Those that have a job which need not wait for them."""
        workers = self._workers.values()
        return [w for w in workers if w.may_wait and w.assignment and not w.ready]

    def _next(self, waiting: deque[Assignment]) -> Assignment:
        reserved = self._reserved()
        if reserved:
            waiting.appendleft(reserved[0].release())
        return waiting.popleft()

    def _listen(self, results: list[JobResult]) -> None:
        """Waits until something happens, and for no longer than a second. Raises the first of the
        errors, when all have been heard."""
        deadlines = [work.deadline for work in self._at_work() if work.deadline is not None]
        patience = min([LOOK_AROUND, *(deadline - time.monotonic() for deadline in deadlines)])
        self._wait(self.workers(), max(patience, 0))
        errors = []
        for worker in self.workers():
            try:
                result = self._hear(worker)
            except SnasError as error:
                errors.append(error)
                continue
            if result is not None:
                results.append(result)
        if errors:
            raise errors[0]

    def _at_work(self) -> Iterator[Assignment]:
        for worker in self._workers.values():
            if worker.busy and worker.assignment:
                yield worker.assignment

    def _hear(self, worker: AnyWorker) -> JobResult | None:
        try:
            message = worker.receive()
        except EOFError:
            return self._bury(worker)
        if message is not None:
            return self._take(worker, message)
        assignment = worker.assignment
        if worker.busy and assignment and assignment.deadline is not None:
            if time.monotonic() < assignment.deadline:
                return None
            self._dismiss([worker])
            reason = f"took longer than {assignment.job.time_limit:g} s"
            return _result(worker, assignment, reason=reason)
        return None

    def _take(self, worker: AnyWorker, message: dict[str, Any]) -> JobResult | None:
        """A message of a worker: it is ready, or done with its job."""
        if not worker.ready:
            self._welcome(worker, message)
            return None
        if "error" in message:
            raise error_from_json(message["error"])
        assignment, worker.assignment = worker.assignment, None
        assert assignment is not None  # workers speak when they are asked
        return _result(worker, assignment, **message)

    def _welcome(self, worker: AnyWorker, message: dict[str, Any]) -> None:
        if "ready" not in message:
            self._dismiss([worker])
            if "error" in message:
                raise error_from_json(message["error"])
            raise SearchError(f"a worker could not start: {message['reason']}")
        worker.ready = True
        del self._false_starts[worker.slot.number]
        if worker.assignment is not None:  # reserved for it
            worker.give(worker.assignment)

    def _bury(self, worker: AnyWorker) -> JobResult | None:
        """Of a dead worker, the job is tried once more, in a fresh one."""
        epitaph = worker.epitaph()
        del self._workers[worker.slot.number]
        assignment = worker.assignment
        if not worker.ready:
            self._count_false_start(worker, epitaph)
        elif assignment is not None:
            assignment.crashes += 1
            if assignment.crashes >= MOST_CRASHES:
                return _result(worker, assignment, reason=epitaph)
        if assignment is not None:
            heir = self._workers[worker.slot.number] = self._start(worker.slot)
            heir.assignment = assignment
        return None

    def _count_false_start(self, worker: AnyWorker, epitaph: str) -> None:
        """Raises SearchError where it is hopeless."""
        self._false_starts[worker.slot.number] += 1
        if worker.hopeless or self._false_starts[worker.slot.number] >= MOST_FALSE_STARTS:
            raise SearchError(f"a worker could not start: {epitaph}")

    def _dismiss(self, workers: list[AnyWorker]) -> None:
        """All are killed before the first is waited for."""
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.end()
            del self._workers[worker.slot.number]


def _result(
    worker: Worker, assignment: Assignment, value: Any = None, reason: str | None = None
) -> JobResult:
    seconds = time.monotonic() - assignment.started
    retries = min(assignment.crashes, MOST_CRASHES - 1)
    number = assignment.job.number
    return JobResult(number, value, reason, seconds, worker.slot.number, retries)
