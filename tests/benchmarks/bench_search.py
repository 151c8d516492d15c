"""How many trainings each strategy needs: regret on NAS-Bench-201 after 25 to 200 trials, beside
Optuna's TPE. Run it with: python -m tests.benchmarks.bench_search --help
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from itertools import accumulate
from math import sqrt
from pathlib import Path
from statistics import fmean, median, quantiles, stdev

from snas_cli.api import Trial
from snas_cli.execution.inline import evaluate_inline
from snas_cli.experiment.by_evaluator import EvaluatorJudge, evaluator_judge
from snas_cli.experiment.planning import planned_generations, setup_for
from snas_cli.recipe.document import Document
from snas_cli.recipe.loading import check
from snas_cli.registry import GROUP, Registry
from snas_cli.search.budget import Budget
from snas_cli.search.listener import Listener
from snas_cli.search.loop import Search

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "tests" / "e2e" / "snas_nasbench201" / "src"
TABLE = ROOT.parent / "shared" / "data" / "nasbench201" / "nasbench201.csv.gz"
AT = (25, 50, 100, 200)  # trials


@dataclass(frozen=True)
class Contestant:
    """A strategy with its settings."""

    title: str
    strategy: str
    population_size: int = 10
    elites: int = 2
    options: tuple[tuple[str, object], ...] = ()


CONTESTANTS = (
    Contestant("evolution", "evolution"),
    Contestant("evolution without its model", "evolution", options=(("pool", 1),)),
    Contestant("nsga2", "nsga2"),
    Contestant("local", "local"),
    Contestant("aging (P=20, S=5)", "aging", 20, options=(("batch", 1),)),
    Contestant("random", "random"),
)


def registry() -> Registry:
    """What is installed, and the table's plugin whether it is or not."""
    if str(PLUGIN) not in sys.path:
        sys.path.insert(0, str(PLUGIN))
    installed = [point for point in entry_points(group=GROUP) if point.name != "nasbench201"]
    return Registry([*installed, EntryPoint("nasbench201", "snas_nasbench201", GROUP)])


def judge(contestant: Contestant, dataset: str, trials: int, seed: int) -> EvaluatorJudge:
    components = registry()
    values = {
        "seed": seed,
        "space": {"families": ["nasbench201"]},
        "evaluator": {"name": "nasbench201", "options": {"table": str(TABLE), "dataset": dataset}},
        "search": {
            "strategy": contestant.strategy,
            "population_size": contestant.population_size,
            "elites": contestant.elites,
            "tournament_size": 5 if contestant.strategy == "aging" else 3,
            "options": dict(contestant.options),
            "max_trials": trials,
        },
    }
    return evaluator_judge(check(Document("benchmark", values), components), components)


def search(contestant: Contestant, dataset: str, trials: int, seed: int) -> list[Trial]:
    """As `snas search` does, without a folder."""
    judging = judge(contestant, dataset, trials, seed)
    generations = planned_generations(judging.recipe.search, trials)
    setup = setup_for(judging, generations)
    return Search(
        strategy=judging.registry.strategy(contestant.strategy)(setup),
        evaluate=partial(
            evaluate_inline,
            evaluate_one=lambda candidate: judging.evaluator.evaluate(candidate.proposal.genome),
        ),
        seed=seed,
        generations=None,
        listener=Listener(),
        budget=Budget(trials=trials),
    ).run()


def regrets(contestant: Contestant, dataset: str, trials: int, seed: int) -> list[float]:
    """Points of validation accuracy below the best of the table, after each trial."""
    scores = [trial.fitness or 0.0 for trial in search(contestant, dataset, trials, seed)]
    return _regrets(scores, dataset)


def _regrets(scores: Sequence[float], dataset: str) -> list[float]:
    return [100 * (best_of(dataset) - so_far) for so_far in accumulate(scores, max)]


def tpe(dataset: str, trials: int, seed: int) -> list[float]:
    import optuna

    from tests.e2e.snas_nasbench201.src.snas_nasbench201 import EDGES, OPERATIONS, SETS, read_table

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table = read_table(TABLE, SETS[dataset])
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))

    def objective(trial: optuna.Trial) -> float:
        chosen = (trial.suggest_categorical(edge, OPERATIONS) for edge in EDGES)
        return table[tuple(chosen)][0]

    study.optimize(objective, n_trials=trials)
    return _regrets([float(trial.value or 0.0) for trial in study.trials], dataset)


@cache
def best_of(dataset: str) -> float:
    from tests.e2e.snas_nasbench201.src.snas_nasbench201 import SETS, read_table

    return max(validation for validation, _ in read_table(TABLE, SETS[dataset]).values())


@dataclass(frozen=True)
class Line:
    """A row of the table: regrets of one contestant after so many trials, one for each seed."""

    title: str
    curves: Sequence[Sequence[float]]

    def at(self, trials: int) -> str:
        regrets = [curve[trials - 1] for curve in self.curves]
        half = 1.96 * stdev(regrets) / sqrt(len(regrets))
        return (f"{fmean(regrets):.2f} ± {half:.2f} "
                f"({median(regrets):.2f}, {quantiles(regrets, n=10)[-1]:.2f})")  # fmt: skip


def lines(arguments: argparse.Namespace) -> Iterator[Line]:
    trials, seeds = max(arguments.at), range(arguments.seeds)
    chosen = [c for c in CONTESTANTS if not arguments.only or c.strategy in arguments.only]
    with ProcessPoolExecutor(arguments.workers) as pool:
        for contestant in chosen:
            run = partial(regrets, contestant, arguments.dataset, trials)
            yield Line(contestant.title, list(pool.map(run, seeds)))
        if not arguments.only or "tpe" in arguments.only:
            yield Line(
                "TPE (Optuna)", list(pool.map(partial(tpe, arguments.dataset, trials), seeds))
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="cifar100", help="cifar10, cifar100 or imagenet16")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", nargs="*", help="strategies, or tpe")
    parser.add_argument("--at", nargs="*", type=int, default=AT, help="trials")
    arguments = parser.parse_args()
    print(f"NAS-Bench-201, {arguments.dataset}, regret in points of validation accuracy:")
    print(
        f"mean ± 95 % (median, 90th percentile) of {arguments.seeds} seeds after so many trials\n"
    )
    print(f"{'':28}" + "".join(f"{f'{at} trials':>26}" for at in arguments.at))
    for line in lines(arguments):
        print(f"{line.title:28}" + "".join(f"{line.at(at):>26}" for at in arguments.at), flush=True)


if __name__ == "__main__":
    main()
