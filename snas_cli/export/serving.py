"""Runs exported models in fresh processes, with nothing of the search in them, and times them.

    python -m snas_cli.export.serving FOLDER

reads request.json and images.npy there. Each job of the request is a list of models that are timed
in turn, in a process of its own, which is forked once the libraries are imported that most of them
need. It leaves answer.json, and logits.npy of its first model, in a folder of its own.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
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
TIMED_SECONDS = 2.0  # for all models together, once each had its fewest calls
UNSTEADY = 1.5  # times the median: a p90 over it says that the machine had other things to do
PATIENCE_SECONDS = 3600.0
ERRORS = "stderr.txt"  # what the process of a job said
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


Job = Sequence[tuple[Exporter, Path]]
"""Models that are timed in turn."""
Answer = tuple[list[Served], "np.ndarray | None"]
"""What became of each model of a job; the first one's logits for all images, None where it could
not run."""


def serve(models: Job, images: np.ndarray) -> Answer:
    """One job alone. Raises ExportError where the process crashed, RunError where there is no room
    for its files."""
    (answer,) = serve_each([models], images)
    return answered(answer)


def answered(answer: Answer | ExportError) -> Answer:
    """Raises ExportError where its process crashed."""
    if isinstance(answer, ExportError):
        raise answer
    return answer


def serve_each(jobs: Sequence[Job], images: np.ndarray) -> list[Answer | ExportError]:
    """An ExportError for each job whose process crashed. Raises ExportError where none could be
    begun, RunError where there is no room for their files."""
    with TemporaryDirectory(prefix="snas-serving-") as name:
        folder = Path(name)
        try:
            (folder / "request.json").write_text(json.dumps(_request(jobs)), encoding="utf-8")
            np.save(folder / "images.npy", images, allow_pickle=False)
        except OSError as error:
            raise RunError(f"cannot write {folder}: {error.strerror}; TMPDIR names another folder"
                           ) from None  # fmt: skip
        _run_process(folder)
        codes = json.loads((folder / "codes.json").read_text(encoding="utf-8"))
        return [_answer(folder / str(number), code) for number, code in enumerate(codes)]


def _request(jobs: Sequence[Job]) -> dict[str, Any]:
    return {
        "imports": sorted({name for job in jobs for each, _ in job for name in each.imports}),
        "jobs": [
            [{"exporter": each.name, "model": str(model.resolve())} for each, model in job]
            for job in jobs
        ],
    }


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
        raise _crash(ended.returncode, ended.stderr)


def _answer(folder: Path, code: int) -> Answer | ExportError:
    if code:
        return _crash(code, (folder / ERRORS).read_bytes())
    answers = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    logits = folder / "logits.npy"
    found = np.load(logits, allow_pickle=False) if logits.exists() else None
    return [_served(answer) for answer in answers], found


def _crash(code: int, said: bytes) -> ExportError:
    lines = said.decode(errors="replace").strip().splitlines()
    return ExportError(f"the process that ran it {_end(code)}"
                       + (f": {lines[-1]}" if lines else ""))  # fmt: skip


def _end(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"failed with code {code}"


def _served(answer: dict[str, Any]) -> Served:
    latency, error = answer["latency"], answer["error"]
    return Served(
        Latency(**latency) if latency else None,
        error_from_json(error) if error else None,
    )


# --- in the process -------------------------------------------------------------------------------


def main(folder: Path) -> None:
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    images = np.load(folder / "images.npy", allow_pickle=False)
    registry = Registry.installed()
    for name in request["imports"]:
        import_module(name)
    codes = []
    for number, job in enumerate(request["jobs"]):
        place = folder / str(number)
        place.mkdir()
        codes.append(_forked(partial(_do, job, images, registry, place), place / ERRORS))
    (folder / "codes.json").write_text(json.dumps(codes), encoding="utf-8")


def _forked(work: Callable[[], None], errors: Path) -> int:
    """Does it in a child of this process; the exit code, less than 0 for a signal. What it says on
    stderr goes into the file."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
        work()
        code = 0
    finally:  # whatever happens, the child must not go on as its parent
        if code:
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(code)


def _do(job: list[dict[str, str]], images: np.ndarray, registry: Registry, place: Path) -> None:
    errors: dict[int, SnasError] = {}
    runtimes: dict[int, Runtime] = {}
    for number, item in enumerate(job):
        try:
            runtimes[number] = registry.exporter(item["exporter"]).load(Path(item["model"]))
        except SnasError as error:
            errors[number] = error
    if 0 in runtimes:
        logits = np.concatenate([runtimes[0](batch) for batch in batches(images)])
        np.save(place / "logits.npy", logits, allow_pickle=False)
    latencies = _timed(runtimes, np.ascontiguousarray(images[:1]))
    answers = [
        {
            "latency": asdict(latencies[number]) if number in latencies else None,
            "error": error_to_json(errors[number]) if number in errors else None,
        }
        for number in range(len(job))
    ]
    (place / "answer.json").write_text(json.dumps(answers), encoding="utf-8")


def batches(images: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]


def _timed(runtimes: dict[int, Runtime], image: np.ndarray) -> dict[int, Latency]:
    calls = {number: lambda run=runtime: run(image) for number, runtime in runtimes.items()}
    return {number: latency_of(ns) for number, ns in interleaved(calls).items()}


def interleaved(
    calls: Mapping[int, Callable[[], object]],
    clock: Callable[[], int] = time.perf_counter_ns,
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
