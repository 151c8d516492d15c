"""Executors: where candidates are evaluated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    import numpy as np

Work = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""What a worker does with the payload of a job. CandidateError and every error that is not ours
fail the job; another SnasError ends the search."""

Files = Mapping[str, bytes]
"""The content of files, by their paths on the machine of the search."""

DistantWork = Callable[[Mapping[str, Any], Files], tuple[Mapping[str, Any], Files]]
"""Work that is handed the files a job reads, and hands back those that it writes."""


@dataclass(frozen=True)
class Slot:
    """A place for one worker."""

    number: int
    gpu: str | None = None  # as CUDA_VISIBLE_DEVICES has it; the worker sees it as cuda:0


@dataclass(frozen=True)
class DistantSetup:
    """The same work on a machine that has none of the files of the search's."""

    maker: str  # "module:function", called with the arguments, the slot and the arrays
    arguments: Mapping[str, Any]  # fit for JSON
    arrays: Callable[[], Mapping[str, np.ndarray]]  # made when they are needed

    def make(self, slot: Slot, arrays: Mapping[str, np.ndarray]) -> DistantWork:
        work: DistantWork = _found(self.maker)(self.arguments, slot, arrays)
        return work


@dataclass(frozen=True)
class WorkerSetup:
    """How a worker makes the function that does its jobs. Maker and arguments are plain data, so
    that they can be sent to another process, or to another machine."""

    maker: str  # "module:function", called once in each worker with the arguments and the slot
    arguments: Mapping[str, Any]  # fit for JSON
    distant: DistantSetup | None = None  # None: workers anywhere must see the same files

    def make(self, slot: Slot) -> Work:
        work: Work = _found(self.maker)(self.arguments, slot)
        return work


def _found(maker: str) -> Callable[..., Any]:
    module, _, function = maker.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found


@dataclass(frozen=True)
class Job:
    """Something to be done by a worker."""

    number: int  # that no other job of the same call has
    payload: Mapping[str, Any]  # fit for JSON
    weight: float = 1.0  # how much work it is, next to others: the heavy ones start first
    time_limit: float | None = None  # in seconds
    reads: tuple[str, ...] = ()  # paths of files, for workers that do not see them
    writes: tuple[str, ...] = ()  # likewise; whoever executes the job sees to it that they are here


@dataclass(frozen=True)
class JobResult:
    """What became of a job: a value, or the reason why it has none."""

    number: int
    value: Mapping[str, Any] | None  # as JSON gives it back: lists for tuples
    reason: str | None
    seconds: float  # that the last attempt took
    worker: int  # number of its slot
    retries: int = 0  # workers that died over it before

    @property
    def failed(self) -> bool:
        return self.reason is not None


class Executor(ABC):
    """Where jobs are done: in this process, in others, on a cluster.

        with executor.open(setup, logs):
            for result in executor.run(jobs):
                ...

    A job is done exactly once, or fails. What becomes of one is no other's concern: a worker that
    dies costs its own job one retry, in a fresh worker.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    def __init__(self, options: Mapping[str, Any]) -> None:
        """`options` are the recipe's. Raises SearchError for what cannot be had."""
        self.options = options

    @property
    @abstractmethod
    def capacity(self) -> int:
        """How many jobs can be done at the same time."""

    @abstractmethod
    def open(self, setup: WorkerSetup, logs: Path | None = None) -> Self:
        """Gets ready for jobs. What workers print goes to files in `logs`, a folder that exists;
        without one, it is not kept. Raises SnasError."""

    @abstractmethod
    def run(self, jobs: Iterable[Job]) -> Iterator[JobResult]:
        """The result of each job, in the order in which they finish. To stop iterating is to cancel
        what is not finished. Raises the SnasError that a job or the making of a worker ended in,
        and SearchError where workers cannot be had."""

    @abstractmethod
    def close(self) -> None:
        """Ends all workers at once, whatever they are at; nothing stays behind."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def heavy_first(jobs: Iterable[Job]) -> list[Job]:
    """Jobs in the order in which they start: the light ones fill the gaps at the end."""
    return sorted(jobs, key=lambda job: (-job.weight, job.number))
