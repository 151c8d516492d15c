"""Runs exported models in a fresh process, which has nothing of the search in it, and times them.

    python -m snas_cli.export.serving FOLDER

reads request.json and images.npy there and writes answer.json, and logits.npy of the first model.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from snas_cli.api import (
    Exporter,
    ExportError,
    Runtime,
    SnasError,
    error_from_json,
    error_to_json,
)
from snas_cli.errors import RunError
from snas_cli.registry import Registry

BATCH = 256
WARM_UP = 10  # calls that do not count
FEWEST, MOST = 30, 300  # calls of each model that do
TIMED_SECONDS = 4.0  # for all models together, once each had its fewest calls
UNSTEADY = 1.5  # times the median: a p90 over it says that the machine had other things to do
PATIENCE_SECONDS = 3600.0
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Latency:
    """Of one picture at a time, on one thread."""

    min_ms: float
    median_ms: float
    p90_ms: float

    @property
    def steady(self) -> bool:
        return self.p90_ms <= UNSTEADY * self.median_ms


@dataclass(frozen=True)
class Served:
    """What became of a model in the process."""

    latency: Latency | None
    error: SnasError | None  # NotRunHereError, or ExportError

    def checked(self) -> Latency:
        """Raises ExportError where it did not run."""
        if self.error is not None or self.latency is None:
            raise self.error or ExportError("it was not timed")
        return self.latency


# --- on this side ---------------------------------------------------------------------------------


def serve(
    models: Sequence[tuple[Exporter, Path]], images: np.ndarray
) -> tuple[list[Served], np.ndarray | None]:
    """Each model, timed in turn with the others, and the first one's logits for all images: None
    where it could not run. Raises ExportError where the process crashed, RunError where there is
    no room for its files."""
    with TemporaryDirectory(prefix="snas-serving-") as name:
        folder = Path(name)
        request = [{"exporter": each.name, "model": str(model.resolve())} for each, model in models]
        try:
            (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
            np.save(folder / "images.npy", images, allow_pickle=False)
        except OSError as error:
            raise RunError(f"cannot write {folder}: {error.strerror}; TMPDIR names another folder"
                           ) from None  # fmt: skip
        _run_process(folder)
        answers = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        logits = folder / "logits.npy"
        found = np.load(logits, allow_pickle=False) if logits.exists() else None
    return [_served(answer) for answer in answers], found


def _run_process(folder: Path) -> None:
    # -P: nothing in the folder that the user stands in can take the place of a library.
    command = [sys.executable, "-P", "-m", "snas_cli.export.serving", str(folder)]
    try:
        ended = subprocess.run(  # noqa: S603 - our own module
            command, env={**os.environ, **ONE_THREAD}, capture_output=True, check=False,
            timeout=PATIENCE_SECONDS, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ExportError("the process that ran it did not come to an end in an hour") from None
    if ended.returncode:
        lines = ended.stderr.decode(errors="replace").strip().splitlines()
        raise ExportError(f"the process that ran it {_end(ended.returncode)}"
                          + (f": {lines[-1]}" if lines else ""))  # fmt: skip


def _end(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"failed with code {code}"


def _served(answer: dict[str, Any]) -> Served:
    latency, error = answer["latency"], answer["error"]
    return Served(
        Latency(**latency) if latency else None, error_from_json(error) if error else None
    )


# --- in the process -------------------------------------------------------------------------------


def main(folder: Path) -> None:
    registry = Registry.installed()
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    images = np.load(folder / "images.npy", allow_pickle=False)
    errors: dict[int, SnasError] = {}
    runtimes: dict[int, Runtime] = {}
    for number, item in enumerate(request):
        try:
            runtimes[number] = registry.exporter(item["exporter"]).load(Path(item["model"]))
        except SnasError as error:
            errors[number] = error
    if 0 in runtimes:
        logits = np.concatenate([runtimes[0](batch) for batch in batches(images)])
        np.save(folder / "logits.npy", logits, allow_pickle=False)
    latencies = _timed(runtimes, np.ascontiguousarray(images[:1]))
    answers = [
        {
            "latency": asdict(latencies[number]) if number in latencies else None,
            "error": error_to_json(errors[number]) if number in errors else None,
        }
        for number in range(len(request))
    ]
    (folder / "answer.json").write_text(json.dumps(answers), encoding="utf-8")


def batches(images: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]


def _timed(runtimes: dict[int, Runtime], image: np.ndarray) -> dict[int, Latency]:
    calls = {number: lambda run=runtime: run(image) for number, runtime in runtimes.items()}
    return {number: latency_of(ns) for number, ns in interleaved(calls).items()}


def interleaved(
    calls: Mapping[int, Callable[[], object]], clock: Callable[[], int] = time.perf_counter_ns
) -> dict[int, list[int]]:
    """Nanoseconds of each call, one after another in one loop: what the machine does meanwhile
    then slows all of them alike."""
    for call in calls.values():
        for _ in range(WARM_UP):
            call()
    times: dict[int, list[int]] = {number: [] for number in calls}
    began = clock()
    gc.disable()
    try:
        for count in range(MOST):
            if count >= FEWEST and clock() - began > 1e9 * TIMED_SECONDS:
                break
            for number, call in calls.items():
                start = clock()
                call()
                times[number].append(clock() - start)
    finally:
        gc.enable()
    return times


def latency_of(nanoseconds: Sequence[int]) -> Latency:
    """In ms, to a tenth of a microsecond."""
    ms = np.asarray(nanoseconds) / 1e6
    least, middle, high = (float(value) for value in np.percentile(ms, (0, 50, 90)))
    return Latency(round(least, 4), round(middle, 4), round(high, 4))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
