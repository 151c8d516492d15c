"""Where workers are put: the slots of this machine, and the environment of a process in each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from snas_cli.api import SearchError, Slot
from snas_plugins.executors._options import count, gpus

# A worker has one thread: more of them would fight over the cores, and the order of additions,
# and so every result, would depend on how many there are.
THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
VISIBLE = "CUDA_VISIBLE_DEVICES"


def slots_of(options: Mapping[str, Any], environment: Mapping[str, str]) -> list[Slot]:
    """One slot for each core that this process may use, or what the options say. Of GPUs with
    several slots, each has its first before any has its second. Raises SearchError."""
    workers, each, ids = count(options, "workers"), count(options, "workers_per_gpu"), gpus(options)
    if not ids:
        if each is not None:
            raise SearchError("workers_per_gpu needs gpu_ids, such as [0]")
        return [Slot(number) for number in range(workers or cores())]
    if workers is not None:
        raise SearchError("give workers, or gpu_ids and workers_per_gpu; not both")
    devices = [_device(name, environment.get(VISIBLE)) for name in ids] * (each or 1)
    return [Slot(number, device) for number, device in enumerate(devices)]


def _device(name: int | str, visible: str | None) -> str:
    """A GPU as CUDA_VISIBLE_DEVICES has it. Where that is set already, numbers count in it, as they
    do for torch in this process."""
    if visible is None or isinstance(name, str):
        return str(name)
    devices = [device.strip() for device in visible.split(",") if device.strip()]
    if name >= len(devices):
        raise SearchError(f"there is no GPU {name}: {VISIBLE} is {visible!r}")
    return devices[name]


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def environment_of(slot: Slot, environment: Mapping[str, str]) -> dict[str, str]:
    """What a worker starts with: torch reads it once, when it is imported."""
    own = {**environment, **dict.fromkeys(THREADS, "1")}
    return own if slot.gpu is None else {**own, VISIBLE: slot.gpu}
