"""What the parts of the search are worth: Fashion-MNIST, trained for real, by evolution as it is
and without, or with, each of them. The best validation accuracy after so many seconds of CPU; and,
since scores of the search have not the same training behind them, the test accuracy of the network
it came to, trained anew for some whole epochs.
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
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import torch

from snas_cli.api import Genome, Trial, by_fitness
from snas_cli.experiment.assembly import assemble
from snas_cli.experiment.running import start
from snas_cli.recipe.document import Document
from snas_cli.recipe.loading import check
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.search.listener import Listener

DATA = Path(os.environ.get("SNAS_DATA") or Path(__file__).parents[3] / "shared" / "data")

# Small and short, so that a search of some minutes has a hundred candidates.
RECIPE: Mapping[str, Any] = {
    "data.dataset": "fashion_mnist",
    "data.val_fraction": 0.1,
    "limits.max_flops": "2M",
    "search.generations": 14,
    "search.population_size": 12,
    "search.rungs.count": 1,
    "training.epochs": 3,
    "training.batch_size": 64,
    "execution.executor": "inline",
}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "evolution": {},
    "without its model": {"search.options.pool": 1},
    "without proxies": {"search.proxies": []},
    "with two rungs": {"search.rungs.count": 2, "search.generations": 20},
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


@dataclass(frozen=True)
class Job:
    variant: str
    seed: int
    batches: int  # of each of a candidate's epochs

    def recipe(self, folder: str = "runs") -> Recipe:
        document = Document("bench", {"seed": self.seed, "output": {"folder": folder}})
        document.set("data.data_dir", str(DATA), "data.data_dir")
        document.set("training.max_batches", self.batches, "training.max_batches")
        for dotted, value in {**RECIPE, **VARIANTS[self.variant]}.items():
            document.set(dotted, value, dotted)
        return check(document, Registry.installed())


def watch(budget: float, job: Job) -> list[tuple[float, Trial]]:
    """One search, in a process of its own."""
    watching = Watch(budget)
    with TemporaryDirectory() as folder, suppress(Over):
        start(job.recipe(folder), Registry.installed(), watching)
    return watching.trials


def in_the_end(genome: Genome, epochs: int, job: Job) -> float:
    """Test accuracy, in per cent, after so many whole epochs from scratch; in a process of its
    own."""
    torch.set_num_threads(1)
    plain = replace(job, variant="evolution")
    workshop = assemble(plain.recipe(), Registry.installed()).workshop
    trained = workshop.with_whole_epochs().train(genome, epochs)
    return 100 * workshop.test(trained.network)["test_acc"]


def leader(trials: Sequence[tuple[float, Trial]], seconds: float) -> Trial | None:
    """The best by then; with rungs, of what reached the last."""
    full = max(len(trial.rungs) for _, trial in trials)
    by_then = [trial for at, trial in trials if len(trial.rungs) == full and at <= seconds]
    return next(iter(by_fitness(by_then)), None)


def best(trials: Sequence[tuple[float, Trial]], seconds: float) -> float:
    """The leader's validation accuracy, in per cent."""
    found = leader(trials, seconds)
    return 100 * (found.fitness or 0.0) if found else 0.0


def families(trials: Sequence[tuple[float, Trial]]) -> str:
    """How many candidates each family had."""
    counts = Counter(trial.genome.family for _, trial in trials)
    return ", ".join(f"{family} {count}" for family, count in counts.most_common())


@dataclass(frozen=True)
class Done:
    trials: list[tuple[float, Trial]]
    tested: float


def carry_out(budget: float, epochs: int, job: Job) -> Done:
    trials = watch(budget, job)
    found = leader(trials, inf)
    return Done(trials, in_the_end(found.genome, epochs, job) if found else 0.0)


def told(job: Job, done: Done) -> str:
    seconds = done.trials[-1][0]
    return (f"seed {job.seed}, {job.variant}: {best(done.trials, seconds):.2f} % after "
            f"{len(done.trials)} candidates and {seconds:.0f} s, in the end {done.tested:.2f} %; "
            f"{families(done.trials)}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600, help="of CPU, for each search")
    parser.add_argument("--batches", type=int, default=60, help="of 64, in each of three epochs")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4, help="of the network it comes to")
    parser.add_argument("--workers", type=int, default=2, help="searches at the same time")
    parser.add_argument("--only", nargs="*", choices=VARIANTS, default=list(VARIANTS))
    arguments = parser.parse_args()
    seeds = range(arguments.seeds)
    jobs = [Job(variant, seed, arguments.batches) for seed in seeds for variant in arguments.only]
    work = partial(carry_out, arguments.seconds, arguments.epochs)
    done: list[Done] = []
    with ProcessPoolExecutor(
        arguments.workers, mp_context=get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        for job, result in zip(jobs, pool.map(work, jobs), strict=True):
            done.append(result)
            print(told(job, result), flush=True)  # hours may lie between them
    at = [arguments.seconds * share for share in (0.25, 0.5, 1)]
    print(f"best validation accuracy (%), mean of {arguments.seeds} seeds (each), after "
          + ", ".join(f"{seconds:.0f} s" for seconds in at)
          + f" of CPU; test accuracy after {arguments.epochs} epochs; candidates")  # fmt: skip
    for variant in arguments.only:
        runs = [result for job, result in zip(jobs, done, strict=True) if job.variant == variant]
        cells = [[best(run.trials, seconds) for run in runs] for seconds in at]
        cells.append([run.tested for run in runs])
        print(f"{variant:20} " + "   ".join(
            f"{fmean(cell):.2f} ({' '.join(f'{value:.2f}' for value in cell)})" for cell in cells
        ) + f"   {fmean(len(run.trials) for run in runs):.0f}")  # fmt: skip
        print(f"{'':20} {families(runs[0].trials)}")


if __name__ == "__main__":
    main()
