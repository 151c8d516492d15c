"""A job on its way, and what the supervisor asks of a worker, wherever that is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from snas_cli.api import Job, Slot


@dataclass
class Assignment:
    """A job on its way."""

    job: Job
    crashes: int = 0
    started: float = 0.0  # time.monotonic()

    @property
    def deadline(self) -> float | None:
        limit = self.job.time_limit
        return None if limit is None else self.started + limit


class Worker(ABC):
    """It is ready when it has said so. An assignment that it has before is reserved for it."""

    def __init__(self, slot: Slot) -> None:
        """Is started, without waiting. Raises SearchError where there is no room for it."""
        self.slot = slot
        self.ready = False
        self.assignment: Assignment | None = None

    @property
    def idle(self) -> bool:
        return self.ready and self.assignment is None

    @property
    def busy(self) -> bool:
        return self.ready and self.assignment is not None

    @property
    @abstractmethod
    def may_wait(self) -> bool:
        """Is it uncertain when it will be ready? Then what is reserved for it is for anyone."""

    @property
    @abstractmethod
    def hopeless(self) -> bool:
        """Of a dead one: would the next die likewise?"""

    def release(self) -> Assignment:
        """What it has is for another worker."""
        assignment, self.assignment = self.assignment, None
        assert assignment is not None
        return assignment

    @abstractmethod
    def give(self, assignment: Assignment) -> None:
        """Has it do a job."""

    @abstractmethod
    def receive(self) -> dict[str, Any] | None:
        """Its next message, or None where it has said nothing. Raises EOFError where it is dead,
        and all that it has said was received."""

    @abstractmethod
    def kill(self) -> None:
        """Ends it, if it is alive, without waiting."""

    @abstractmethod
    def end(self) -> None:
        """Kills it, waits for its end, and lets go of all that it had."""

    @abstractmethod
    def epitaph(self) -> str:
        """Ends it. How it died, and what it had to say about it."""
