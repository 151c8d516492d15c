"""What it costs to have many candidates: workers, the supervisor, the journal, checkpoints, memory.

    python -m tests.benchmarks.bench_execution [--trials 10000] [--turns 3]
        [--only workers jobs growth]

`workers` searches Fashion-MNIST with one worker and with two, in turns: the same candidates, of
which those of the first generation, in which workers start, are not timed. `jobs` times jobs that
do nothing. `growth` searches with a formula in place of training and looks at what grows.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported

import argparse
import json
import sys
import time
from collections.abc import Sequence
from hashlib import blake2b
from importlib.metadata import EntryPoint, entry_points
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from snas_plugins.executors.local import LocalExecutor

from snas_cli.api import Evaluation, Evaluator, Genome, Job, Trial, WorkerSetup, hookimpl
from snas_cli.experiment.running import start
from snas_cli.recipe.document import Document
from snas_cli.recipe.loading import check
from snas_cli.registry import GROUP, Registry
from snas_cli.runs.checkpoint import Checkpoint, save_checkpoint
from snas_cli.runs.journal import read_events
from snas_cli.search.listener import Listener

DATA = os.environ.get("SNAS_DATA", str(Path(__file__).parents[3] / "shared" / "data"))
NO_OPS = 2000
FASHION: dict[str, Any] = {
    "data": {"dataset": "fashion_mnist", "data_dir": DATA},
    "limits": {"max_flops": "8M"},
    "search": {"generations": 3, "population_size": 8, "strategy": "random", "progressive": False},
    "training": {"epochs": 1, "batch_size": 64, "max_batches": 150},
    "finale": {"top": 1, "epochs": 1},
}


class Clock(Listener):
    """When each generation ended, and with what."""

    def __init__(self) -> None:
        self.ended: dict[int, float] = {}
        self.trials: dict[int, Sequence[Trial]] = {}

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        self.ended[generation], self.trials[generation] = time.monotonic(), trials

    def timed(self) -> tuple[float, list[Trial]]:
        """From the end of the first generation to the end of the last, and the trials between."""
        first, *others = sorted(self.ended)
        trials = [trial for generation in others for trial in self.trials[generation]]
        return self.ended[others[-1]] - self.ended[first], trials


# --- workers --------------------------------------------------------------------------------------


def rate(folder: Path, workers: int) -> tuple[float, float]:
    """Trials an hour, and the share of the workers' time in which they had a candidate."""
    registry, clock = Registry.installed(), Clock()
    execution = {"executor": "local", "workers": workers}
    values = {**FASHION, "execution": execution, "output": {"folder": str(folder)}}
    start(check(Document("the benchmark", values), registry), registry, clock)
    seconds, trials = clock.timed()
    busy = sum(trial.seconds for trial in trials)
    return 3600 * len(trials) / seconds, busy / (workers * seconds)


def workers(count: int) -> None:
    ratios = []
    for _ in range(count):
        with TemporaryDirectory() as folder:
            (one, busy_one), (two, busy_two) = rate(Path(folder), 1), rate(Path(folder), 2)
        ratios.append(two / one)
        print(f"Fashion-MNIST: {one:.0f} trials an hour with 1 worker, {two:.0f} with 2, "
              f"×{ratios[-1]:.2f}; they train for {busy_one:.1%} and {busy_two:.1%} of the time",
              flush=True)  # fmt: skip
    print(f"median: ×{median(ratios):.2f}")


# --- jobs -----------------------------------------------------------------------------------------


def nothing(_arguments: Any, _slot: Any) -> Any:
    """What a worker is made with."""
    return dict


def jobs() -> None:
    setup = WorkerSetup(f"{Path(__file__).stem}:nothing", {})
    sys.path.insert(0, str(Path(__file__).parent))
    with LocalExecutor({"workers": 1}).open(setup) as executor:
        for _ in executor.run([Job(0, {})]):  # until it has started
            pass
        began, times = time.process_time(), [time.perf_counter()]
        results = executor.run([Job(number, {}) for number in range(NO_OPS)])
        times.extend(time.perf_counter() for _ in results)
        own = time.process_time() - began
    each = sorted(1000 * (after - before) for before, after in pairwise(times))
    print(f"a job that does nothing: {median(each):.2f} ms from one result to the next, 9 of 10 "
          f"within {each[-NO_OPS // 10]:.2f} ms; the supervisor has the processor for "
          f"{1000 * own / NO_OPS:.2f} ms of it")  # fmt: skip


# --- growth ---------------------------------------------------------------------------------------


class Lot(Evaluator):
    """As good as a lot drawn for it."""

    name = "lot"
    summary = "drawn by lot"

    def evaluate(self, genome: Genome) -> Evaluation:
        digest = blake2b(genome.fingerprint.encode(), digest_size=4).digest()
        lot = int.from_bytes(digest, "big") / 2**32
        return Evaluation(lot, {"val_acc": lot, "val_loss": 1 - lot, "epochs": 1, "params": 1e4})


@hookimpl
def snas_register_evaluators() -> list[type[Evaluator]]:
    return [Lot]


class Gauge(Listener):
    """Looks at the process after so many trials."""

    def __init__(self, marks: Sequence[int]) -> None:
        self._marks, self._done = set(marks), 0
        self.seen: dict[int, tuple[float, float]] = {}  # MB, seconds of processor time

    def trial_finished(self, trial: Trial) -> None:
        self._done += 1
        if self._done in self._marks:
            self.seen[self._done] = (resident_mb(), time.process_time())


def resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1000


def growth(trials: int, strategy: str) -> None:
    marks = sorted({10, trials // 10, trials // 2, trials})
    registry = Registry([*entry_points(group=GROUP), EntryPoint("lot", __name__, GROUP)])
    with TemporaryDirectory() as folder:
        values = {
            "evaluator": {"name": "lot"},
            "search": {"max_trials": trials, "strategy": strategy, "population_size": 20},
            "output": {"folder": folder, "name": "run"},
        }
        gauge = Gauge(marks)
        start(check(Document("the benchmark", values), registry), registry, gauge)
        run = Path(folder, "run")
        journal = (run / "journal.jsonl").stat().st_size
        recorded = [event for event in read_events(run / "journal.jsonl")
                    if event["event"] == "trial"]  # fmt: skip
        print(f"{strategy}: {journal / trials:.0f} bytes of journal a trial, "
              f"{len(json.dumps(recorded)) / trials:.0f} of them of the trial itself")  # fmt: skip
        for before, after in pairwise(marks):
            (mb, cpu), (more_mb, more_cpu) = gauge.seen[before], gauge.seen[after]
            print(f"  {before:,} to {after:,} trials: from {mb:.0f} to {more_mb:.0f} MB, "
                  f"{1000 * (more_mb - mb) / (after - before):.1f} kB and "
                  f"{1000 * (more_cpu - cpu) / (after - before):.1f} ms a trial")  # fmt: skip
        for count in marks:
            print(f"  a checkpoint of {count:,}: {_seconds(run, recorded[:count]):.3f} s")


def _seconds(folder: Path, trials: list[dict[str, Any]]) -> float:
    """Of processor time, for the checkpoint and its copy; the least of three."""
    times = []
    for _ in range(3):
        began = time.process_time()
        save_checkpoint(folder, Checkpoint(1, 0, "", trials), keep=1)
        times.append(time.process_time() - began)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=["workers", "jobs", "growth"])
    chosen = parser.parse_args()
    if "jobs" in chosen.only:
        jobs()
    if "growth" in chosen.only:
        growth(chosen.trials, "random")
        growth(chosen.trials // 10, "evolution")
    if "workers" in chosen.only:
        workers(chosen.turns)


if __name__ == "__main__":
    main()
