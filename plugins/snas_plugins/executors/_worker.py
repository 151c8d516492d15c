"""A worker process: one job after another, until the process that started it is gone."""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import Any

from snas_cli.api import Failure, Slot, SnasError, Work, WorkerSetup, error_to_json, guarded

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(descriptor: int) -> None:
    """Reads its setup and then the payloads of jobs from a socket, and writes a message for each:
    `ready`, `value`, `reason` of a failure, or `error`, which ends the search. All is JSON."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us
    faulthandler.enable()  # a crash says where, on stderr
    os.set_inheritable(descriptor, False)
    connection = Connection(descriptor)
    setup = json.loads(connection.recv_bytes())
    if setup["dies_with_parent"]:
        _die_with_parent()
    jobs: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(connection, jobs), daemon=True).start()
    work: list[Work] = []
    connection.send_bytes(_answer(partial(_make, setup, work)))
    while work:
        payload = json.loads(jobs.get())
        connection.send_bytes(_answer(partial(_do, work[0], payload)))


def _make(setup: Mapping[str, Any], work: list[Work]) -> bytes:
    work.append(WorkerSetup(setup["maker"], setup["arguments"]).make(Slot(**setup["slot"])))
    use_one_thread()
    return json.dumps({"ready": True}).encode()


def _do(work: Work, payload: Mapping[str, Any]) -> bytes:
    return json.dumps({"value": work(payload)}).encode()


def _answer(call: Callable[[], bytes]) -> bytes:
    """The message that `call` returns, or else the one that says what became of it."""
    try:
        outcome = guarded(call)
    except SnasError as error:
        return json.dumps({"error": error_to_json(error)}).encode()
    if not isinstance(outcome, Failure):
        return outcome
    with suppress(OSError):  # the disk of the log may be full
        sys.stderr.write(outcome.details)
    return json.dumps({"reason": outcome.reason}).encode()


def _listen(connection: Connection, jobs: SimpleQueue[bytes]) -> None:
    """Takes in jobs. Nobody can be working for a process that is gone: the worker leaves, in the
    middle of a job, too."""
    try:
        while True:
            jobs.put(connection.recv_bytes())
    except (EOFError, OSError):
        os._exit(0)


def _die_with_parent() -> None:
    """For work that never lets `_listen` have its turn. Linux only; elsewhere, it must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def use_one_thread() -> None:
    """In torch, too, where making the work has imported it; where a job does, the environment
    says so."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
