"""Does weight sharing pay? The same candidates, in the same order, with and without it.

    python -m tests.benchmarks.bench_sharing --families mlp,cnn --seeds 0,1

A lineage is made first: random architectures, then generations of mutated copies of the best so
far. Their true worth is a long training from scratch, which also chooses the parents, so that
every arm sees the same candidates. Then each arm trains all of them for 1, 2 and 4 epochs: from
scratch, from a donor's weights, and from slices of them; a donor has been trained in its own arm,
for as few epochs. Times are seconds of processor time, so that other programs do not count.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from statistics import mean

import torch
from scipy.stats import spearmanr
from torch import Tensor

from snas_cli.api import Genome, Proposal, Trial
from snas_cli.data.store import ImageSet
from snas_cli.errors import CandidateError
from snas_cli.experiment.assembly import Assembly, assemble
from snas_cli.recipe.document import Document
from snas_cli.recipe.loading import check
from snas_cli.recipe.schema import SharingSettings
from snas_cli.registry import Registry
from snas_cli.training.sharing import donor, transfer

DATA = Path(__file__).parents[3] / "shared" / "data"
POPULATION, PARENTS, RATE = 6, 3, 0.2
BUDGETS = (1, 2, 4)  # epochs
ARMS = {
    "scratch": SharingSettings(),
    "shared": SharingSettings(enabled=True),
    "slices": SharingSettings(enabled=True, slices=True),
}


@dataclass(frozen=True)
class Fit:
    """One training of one candidate."""

    accuracy: float  # on validation; failed candidates are not part of a lineage
    seconds: float  # of processor time, with what sharing itself takes
    share: float  # of the parameters that came from a donor
    state: Mapping[str, Tensor]


def fit(
    assembly: Assembly,
    genome: Genome,
    epochs: int,
    settings: SharingSettings,
    before: Sequence[tuple[Trial, Fit]],
) -> Fit:
    """`before` are those of the earlier generations, in this arm."""
    began = time.process_time()
    workshop = assembly.workshop
    start, share = None, 0.0
    chosen = donor(genome, [trial for trial, _ in before], assembly.space, settings)
    if chosen is not None:
        network = workshop.build(genome)
        state = next(fitted.state for trial, fitted in before if trial is chosen)
        share = transfer(network, state, slices=settings.slices).share
        start = network.state_dict()
    trained = workshop.train(genome, epochs, start=start)
    seconds = time.process_time() - began
    return Fit(trained.metrics["val_acc"], seconds, share, trained.network.state_dict())


def lineage(
    assembly: Assembly, family: str, seed: int, generations: int, epochs: int
) -> list[tuple[int, Genome, Fit]]:
    """Generation, architecture and true worth of each candidate; no architecture twice."""
    rng = random.Random(seed)
    found: list[tuple[int, Genome, Fit]] = []
    seen: set[str] = set()
    most = assembly.recipe.limits.max_flops or inf
    for generation in range(generations):
        best = sorted(found, key=lambda entry: -entry[2].accuracy)[:PARENTS]
        made = 0
        while made < POPULATION:
            genome = (
                assembly.space.mutate(rng.choice(best)[1], rng, RATE)
                if best
                else assembly.space.sample(rng, family)
            )
            if genome.fingerprint in seen or assembly.workshop.cost(genome).flops > most:
                continue
            seen.add(genome.fingerprint)
            try:
                worth = fit(assembly, genome, epochs, ARMS["scratch"], [])
            except CandidateError:
                continue
            found.append((generation, genome, worth))
            made += 1
    return found


def arm(
    assembly: Assembly,
    candidates: Sequence[tuple[int, Genome, Fit]],
    settings: SharingSettings,
    epochs: int,
) -> list[Fit]:
    done: list[tuple[Trial, Fit]] = []
    for number, (generation, genome, _) in enumerate(candidates):
        before = [entry for entry in done if entry[0].generation < generation]
        fitted = fit(assembly, genome, epochs, settings, before)
        trial = Trial(number, generation, Proposal(genome, "bench"), fitted.accuracy)
        done.append((trial, fitted))
    return [fitted for _, fitted in done]


def report(
    candidates: Sequence[tuple[int, Genome, Fit]], results: Mapping[tuple[str, int], list[Fit]]
) -> None:
    """A line for each arm and budget. Heirs are the candidates after the first generation, which
    has no donors."""
    generations = [generation for generation, _, _ in candidates]
    truth = [worth.accuracy for _, _, worth in candidates]
    heirs = [i for i, generation in enumerate(generations) if generation > 0]
    last = [i for i, generation in enumerate(generations) if generation == max(generations)]
    first = [i for i, generation in enumerate(generations) if generation == 0]
    target = results["scratch", BUDGETS[-1]]

    def rank(found: list[Fit], of: Sequence[int]) -> float:
        return float(spearmanr([found[i].accuracy for i in of], [truth[i] for i in of]).statistic)

    def short_of(found: list[Fit], of: Sequence[int]) -> float:
        return mean(truth[i] - found[i].accuracy for i in of)

    print(f"  heirs from scratch, long: accuracy {mean(truth[i] for i in heirs):.3f}, "
          f"{sum(candidates[i][2].seconds for i in heirs):.1f} s")  # fmt: skip
    print("  arm      epochs  seconds  accuracy  shared  rank(all)  rank(heirs)  "
          "short of truth, first/last generation")  # fmt: skip
    for (name, epochs), found in results.items():
        print(
            f"  {name:<8} {epochs:>6} {sum(found[i].seconds for i in heirs):>8.1f} "
            f"{mean(found[i].accuracy for i in heirs):>9.3f} "
            f"{mean(found[i].share for i in heirs):>7.2f} {rank(found, range(len(truth))):>10.2f} "
            f"{rank(found, heirs):>12.2f}   "
            f"{short_of(found, first):+.3f}/{short_of(found, last):+.3f}"
        )
    print(f"  to the accuracy that {BUDGETS[-1]} epochs from scratch give, heir by heir:")
    for name in ARMS:
        epochs_each, seconds, reached = [], 0.0, 0
        for i in heirs:
            enough = [b for b in BUDGETS if results[name, b][i].accuracy >= target[i].accuracy]
            reached += bool(enough)
            epochs_each.append(min(enough, default=BUDGETS[-1]))
            seconds += results[name, epochs_each[-1]][i].seconds
        print(f"  {name:<8} {mean(epochs_each):.2f} epochs, {seconds:.1f} s; "
              f"{reached} of {len(heirs)} reach it")  # fmt: skip


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--dataset", default="fashion_mnist")
    words.add_argument("--data-dir", default=os.environ.get("SNAS_DATA", str(DATA)))
    words.add_argument("--families", default="mlp,cnn")
    words.add_argument("--seeds", default="0,1")
    words.add_argument("--generations", type=int, default=4)
    words.add_argument("--long", type=int, default=12, help="epochs of the long training")
    words.add_argument("--max-flops", default="1M")
    words.add_argument("--train", type=int, default=1500, help="pictures")
    words.add_argument("--val", type=int, default=1000, help="pictures")
    given = words.parse_args()
    torch.set_num_threads(1)
    registry = Registry.installed()
    for family in given.families.split(","):
        values = {
            "data": {"dataset": given.dataset, "data_dir": given.data_dir},
            "space": {"families": [family], "max_layers": 4},
            "limits": {"max_flops": given.max_flops},
        }
        assembly = assemble(check(Document("bench", values), registry), registry)
        data = assembly.workshop.data
        smaller = replace(
            data, train=_first(data.train, given.train), val=_first(data.val, given.val)
        )
        assembly = replace(assembly, workshop=replace(assembly.workshop, data=smaller))
        for seed in map(int, given.seeds.split(",")):
            candidates = lineage(assembly, family, seed, given.generations, given.long)
            results = {
                (name, epochs): arm(assembly, candidates, settings, epochs)
                for epochs in BUDGETS
                for name, settings in ARMS.items()
            }
            print(f"{given.dataset}, {family}, seed {seed}, {len(candidates)} candidates, "
                  f"{len(smaller.train)} pictures:", flush=True)  # fmt: skip
            report(candidates, results)
            print(flush=True)


def _first(pictures: ImageSet, count: int) -> ImageSet:
    """A seeded sample: the splits need not be shuffled."""
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(0))
    return pictures[order[:count].sort().values]


if __name__ == "__main__":
    main()
