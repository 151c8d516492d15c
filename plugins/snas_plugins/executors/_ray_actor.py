"""A worker as an actor of Ray: all that it says is JSON, and the files that a job leaves."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from snas_cli.api import (
    DistantSetup,
    DistantWork,
    Failure,
    Files,
    Slot,
    SnasError,
    WorkerSetup,
    error_to_json,
    guarded,
)
from snas_plugins.executors._worker import use_one_thread

if TYPE_CHECKING:
    import numpy as np

Answer = tuple[str, Files]
Arrays = Mapping[str, "np.ndarray"]


class RayWorker:
    """Its answers are the messages of `_worker.main`; a `reason` comes with `details`."""

    def __init__(self, log: str | None, path: list[str] | None) -> None:
        """`log` is a file for all that is printed; without one, it is left to Ray. `path` is where
        modules are found, on the machine of the search."""
        if path is not None:
            sys.path[:] = path
        if log is not None:
            _print_to(log)
        faulthandler.enable()
        self._work: DistantWork | None = None

    def make(self, setup: str, arrays: Arrays | None) -> Answer:
        """Raises nothing. `arrays` come with a DistantSetup."""
        return _answered(lambda: self._make(json.loads(setup), arrays))

    def _make(self, setup: Mapping[str, Any], arrays: Arrays | None) -> Answer:
        maker, arguments, slot = setup["maker"], setup["arguments"], Slot(**setup["slot"])
        if arrays is None:
            near = WorkerSetup(maker, arguments).make(slot)
            self._work = lambda payload, _files: (near(payload), {})
        else:
            self._work = DistantSetup(maker, arguments, dict).make(slot, arrays)
        use_one_thread()
        return json.dumps({"ready": True}), {}

    def ping(self) -> Answer:
        return json.dumps({"ready": True}), {}

    def do(self, payload: str, files: Files) -> Answer:
        return _answered(lambda: self._do(json.loads(payload), files))

    def _do(self, payload: Mapping[str, Any], files: Files) -> Answer:
        assert self._work is not None  # it is ready
        value, written = self._work(payload, files)
        return json.dumps({"value": value}), written


def _answered(call: Callable[[], Answer]) -> Answer:
    try:
        outcome = guarded(call)
    except SnasError as error:
        return json.dumps({"error": error_to_json(error)}), {}
    if isinstance(outcome, Failure):
        return json.dumps({"reason": outcome.reason, "details": outcome.details}), {}
    return outcome


def _print_to(log: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
