"""What the parts of the search are worth: Fashion-MNIST, trained for real, by evolution as it is
and without, or with, each of them. The best validation accuracy after so many seconds of CPU.
Run it with: python -m tests.benchmarks.bench_parts --help
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

from snas_cli.api import Genome, Trial
from snas_cli.experiment.running import start
from snas_cli.recipe.document import Document
from snas_cli.recipe.loading import check
from snas_cli.registry import Registry
from snas_cli.search.listener import Listener

DATA = Path(os.environ.get("SNAS_DATA") or Path(__file__).parents[3] / "shared" / "data")

# Small and short, so that a search of minutes has a hundred candidates.
RECIPE: Mapping[str, Any] = {
    "data.dataset": "fashion_mnist",
    "data.val_fraction": 0.1,
    "limits.max_flops": "2M",
    "search.generations": 12,
    "search.population_size": 12,
    "training.epochs": 3,
    "training.max_batches": 60,
    "training.batch_size": 64,
    "execution.executor": "inline",
}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "evolution": {},
    "without its model": {"search.options.pool": 1},
    "without proxies": {"search.proxies": []},
    "with two rungs": {"search.rungs.count": 2},
    "with weight sharing": {"sharing.enabled": True},
    "random search": {"search.strategy": "random", "search.progressive": False},
}


class Over(Exception):  # noqa: N818 - to end is no error
    """The budget is spent, or all generations are done."""


class Watch(Listener):
    """Notes the trials with the CPU seconds that the search had taken by then."""

    def __init__(self, budget: float) -> None:
        self._budget = budget
        self._began = time.process_time()
        self.trials: list[tuple[float, Trial]] = []

    def trial_finished(self, trial: Trial) -> None:
        seconds = time.process_time() - self._began
        self.trials.append((seconds, trial))
        if seconds > self._budget:
            raise Over

    def finalist_started(self, genome: Genome, rank: int, count: int) -> None:
        raise Over


def watch(budget: float, variant: str, seed: int) -> list[tuple[float, Trial]]:
    """One search, in a process of its own."""
    registry, watching = Registry.installed(), Watch(budget)
    with TemporaryDirectory() as folder:
        document = Document("bench", {"seed": seed, "output": {"folder": folder}})
        for dotted, value in {**RECIPE, "data.data_dir": str(DATA), **VARIANTS[variant]}.items():
            document.set(dotted, value, dotted)
        with suppress(Over):
            start(check(document, registry), registry, watching)
    return watching.trials


def best(trials: Sequence[tuple[float, Trial]], seconds: float) -> float:
    """Validation accuracy, in per cent, of the best by then; with rungs, of what reached the
    last."""
    full = max(len(trial.rungs) for _, trial in trials)
    in_full = [(at, trial.fitness) for at, trial in trials if len(trial.rungs) == full]
    return 100 * max((f for at, f in in_full if f is not None and at <= seconds), default=0.0)


def families(trials: Sequence[tuple[float, Trial]]) -> str:
    """How many candidates each family had."""
    counts = Counter(trial.genome.family for _, trial in trials)
    return ", ".join(f"{family} {count}" for family, count in counts.most_common())


def told(variant: str, seed: int, trials: Sequence[tuple[float, Trial]]) -> str:
    seconds = trials[-1][0]
    return (f"seed {seed}, {variant}: {best(trials, seconds):.2f} % after {len(trials)} candidates "
            f"and {seconds:.0f} s; {families(trials)}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600, help="of CPU, for each search")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2, help="searches at the same time")
    parser.add_argument("--only", nargs="*", choices=VARIANTS, default=list(VARIANTS))
    arguments = parser.parse_args()
    at = [arguments.seconds * share for share in (0.25, 0.5, 1)]
    jobs = [(variant, seed) for seed in range(arguments.seeds) for variant in arguments.only]
    with ProcessPoolExecutor(
        arguments.workers, mp_context=get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        found = []
        for job, trials in zip(
            jobs, pool.map(partial(watch, arguments.seconds), *zip(*jobs, strict=True)), strict=True
        ):
            found.append(trials)
            print(told(*job, trials), flush=True)  # hours may lie between them
    print(f"best validation accuracy (%), mean of {arguments.seeds} seeds (each), after "
          + ", ".join(f"{seconds:.0f} s" for seconds in at) + " of CPU; candidates")  # fmt: skip
    for variant in arguments.only:
        runs = [trials for (of, _), trials in zip(jobs, found, strict=True) if of == variant]
        cells = [[best(trials, seconds) for trials in runs] for seconds in at]
        print(f"{variant:20} " + "   ".join(
            f"{fmean(cell):.2f} ({' '.join(f'{value:.2f}' for value in cell)})" for cell in cells
        ) + f"   {fmean(len(trials) for trials in runs):.0f}")  # fmt: skip
        print(f"{'':20} {families(runs[0])}")


if __name__ == "__main__":
    main()
