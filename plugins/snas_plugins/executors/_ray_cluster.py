"""A cluster of Ray: one of our own on this machine, or somebody's at an address."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from snas_cli.api import SearchError
from snas_plugins.executors._placement import THREADS, cores

GENEROUS = 1e-6  # three thirds of a GPU are one


@dataclass(frozen=True)
class Need:
    """What each worker is to have, and where."""

    cpus: float
    gpus: float
    address: str | None = None  # of a cluster; None: one of our own

    def room(self) -> int:
        """How many workers there is room for on the machines of the cluster that are alive, if
        nobody else is at work there."""
        import ray

        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return sum(self._room_on(machine) for machine in machines)

    def _room_on(self, machine: Mapping[str, float]) -> int:
        shares = [(machine.get("CPU", 0.0), self.cpus), (machine.get("GPU", 0.0), self.gpus)]
        return min(int(there / each + GENEROUS) for there, each in shares if each)

    def __str__(self) -> str:
        gpus = f" and {self.gpus:g} GPUs" if self.gpus else ""
        return f"workers with {self.cpus:g} CPUs{gpus} each"


@contextmanager
def connected(need: Need, workers: int | None) -> Iterator[None]:
    """Ends a cluster of our own, and lets go of another's. Raises SearchError."""
    own = need.address is None
    temporary = TemporaryDirectory(prefix="snas-ray-", dir=_short())
    with _variables(_environment(own=own)), temporary as folder:
        import ray

        if ray.is_initialized():
            raise SearchError("Ray is in use in this process already; a search needs its own")
        options = _own(need, workers, folder) if own else {"address": need.address}
        handler = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            ray.shutdown()
            raise SearchError(_refusal(need, error)) from error
        finally:  # Ray sets one of its own
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, handler)
        try:
            yield
        finally:
            ray.shutdown()


def _own(need: Need, workers: int | None, folder: str) -> dict[str, Any]:
    """CPUs are a matter of counting: as for local processes, there may be more workers."""
    cpus = cores() if workers is None else ceil(workers * need.cpus)
    return {"address": "local", "num_cpus": cpus, "include_dashboard": False, "_temp_dir": folder}


def _refusal(need: Need, error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    what = lines[0] if lines else type(error).__name__
    if need.address is None:
        return f"Ray cannot be started: {what}"
    return (
        f"the Ray cluster at {need.address} cannot be used from here: {what}\n"
        "It must run, this machine must be a part of it (ray start --address=…), and they must "
        "share a token (RAY_AUTH_TOKEN, or ~/.ray/auth_token); for a cluster without one, set "
        "RAY_AUTH_MODE=disabled"
    )


def _environment(*, own: bool) -> dict[str, str]:
    """Ray reads most of it when it is imported, and its processes when they start."""
    common = {
        "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to anybody
        # What Ray would say on stdout of each worker that dies is in the trial's reason.
        "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",
        "RAY_worker_niceness": "0",  # else whatever else runs comes first, and time limits pass
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # as `local`: no GPU asked for, none hidden
    }
    if not own:
        return {"RAY_AUTH_MODE": os.environ.get("RAY_AUTH_MODE", "token"), **common}
    return {
        **common,
        **dict.fromkeys(THREADS, "1"),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": token(),
        # By its name for other systems, but everywhere it says: listen on 127.0.0.1 alone.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    }


@cache
def token() -> str:
    """The key to all clusters of our own: Ray reads it once in a process."""
    return os.environ.get("RAY_AUTH_TOKEN") or secrets.token_hex(32)


@contextmanager
def _variables(own: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _short() -> Path | None:
    """The folder for temporary files; a socket's path has at most 103 characters on macOS."""
    return Path("/tmp") if sys.platform == "darwin" else None  # noqa: S108
