"""A worker on a cluster of Ray, as its supervisor sees it: an actor, and what it is to say next."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from snas_cli.api import SearchError, Slot, WorkerSetup
from snas_plugins.executors._assignments import Assignment, Worker
from snas_plugins.executors._ray_actor import RayWorker
from snas_plugins.executors._ray_cluster import Need

LAST_WORDS = 200  # characters of them in a reason


@dataclass(frozen=True)
class Kit:
    """What all workers of a search are made with."""

    setup: WorkerSetup
    need: Need
    logs: Path | None
    arrays: Any  # a reference to those of a DistantSetup, or None

    @property
    def distant(self) -> bool:
        return self.arrays is not None

    def log(self, slot: Slot) -> Path | None:
        return self.logs and self.logs / f"worker-{slot.number}.log"


class ActorWorker(Worker):
    def __init__(self, slot: Slot, kit: Kit) -> None:
        import ray

        super().__init__(slot)
        self._log = kit.log(slot)
        self._death: Exception | None = None
        self._distant = kit.distant
        made = ray.remote(RayWorker).options(
            num_cpus=kit.need.cpus, num_gpus=kit.need.gpus, scheduling_strategy="SPREAD"
        )
        own = kit.need.address is None
        log = str(self._log) if own and self._log else None
        self._actor = made.remote(log, sys.path if own else None)
        setup = kit.setup.distant if kit.distant and kit.setup.distant else kit.setup
        plain = {"maker": setup.maker, "arguments": setup.arguments, "slot": asdict(slot)}
        self.answer: Any = self._actor.make.remote(json.dumps(plain), kit.arrays)

    @property
    def may_wait(self) -> bool:
        """The cluster may have no room for it, until it grows."""
        return True

    @property
    def hopeless(self) -> bool:
        return "exit code" in str(self._death)  # it left by itself

    def ask(self) -> None:
        """Whether it is alive; until it has said so, it is not ready."""
        self.ready = False
        self.answer = self._actor.ping.remote()

    def give(self, assignment: Assignment) -> None:
        self.assignment = assignment
        assignment.started = time.monotonic()
        job = assignment.job
        files = _contents(job.reads) if self._distant else {}
        self.answer = self._actor.do.remote(json.dumps(job.payload), files)

    def receive(self) -> dict[str, Any] | None:
        import ray

        if self.answer is None or not ray.wait([self.answer], timeout=0)[0]:
            return None
        answer, self.answer = self.answer, None
        try:
            text, files = ray.get(answer)
        except ray.exceptions.RayError as error:
            self._death = error
            raise EOFError from error
        message: dict[str, Any] = json.loads(text)
        self._note(message.pop("details", ""))
        self._keep(files)
        return message

    def _note(self, details: str) -> None:
        if self._log is not None and details:
            with suppress(OSError), self._log.open("a", encoding="utf-8") as log:  # a full disk
                log.write(details)

    def _keep(self, files: Mapping[str, bytes]) -> None:
        """What a job wrote elsewhere, as far as it was to write it."""
        writes = self.assignment.job.writes if self.assignment else ()
        for path in writes:
            if path in files:
                _write(Path(path), files[path])

    def kill(self) -> None:
        import ray

        ray.kill(self._actor, no_restart=True)

    def end(self) -> None:
        self.kill()
        self.answer = None

    def epitaph(self) -> str:
        self.end()
        return f"the worker died: {_cause(self._death)}"


def wait(need: Need, workers: Sequence[ActorWorker], seconds: float) -> None:
    """Until one of them has something to say. Raises SearchError where none has a place."""
    import ray

    answers = [worker.answer for worker in workers if worker.answer is not None]
    done, _ = ray.wait(answers, timeout=seconds) if answers else ([], [])
    if not done and not any(worker.ready for worker in workers) and not need.room():
        raise SearchError(f"the cluster has no machine left for {need}")


def _cause(death: Exception | None) -> str:
    """What Ray has to say of it, without its guesses, in a line."""
    text = str(death).rpartition("Worker exit detail: ")[2].partition(" Some common causes")[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0][:LAST_WORDS] if lines else type(death).__name__


def _contents(paths: Sequence[str]) -> dict[str, bytes]:
    try:
        return {path: Path(path).read_bytes() for path in paths}
    except OSError as error:
        raise SearchError(f"cannot read {error.filename}: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    """The file is as it was, or wholly new."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise SearchError(f"cannot write {path}: {error.strerror}") from error
