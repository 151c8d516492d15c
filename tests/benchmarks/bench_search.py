"""How many trainings each strategy needs: regret on NAS-Bench-201 after 25 to 200 trials, beside
Optuna's TPE. Run it with: python -m tests.benchmarks.bench_search --help
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from importlib.metadata import EntryPoint
from pathlib import Path
from statistics import median, quantiles

from snas_cli.bench.contest import Arena, Contest, Contestant, Line, registry_with
from snas_cli.registry import GROUP

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "tests" / "e2e" / "snas_nasbench201" / "src"
TABLE = ROOT.parent / "shared" / "data" / "nasbench201" / "nasbench201.csv.gz"
AT = (25, 50, 100, 200)  # trials


CONTESTANTS = (
    Contestant("evolution", "evolution"),
    Contestant("evolution without its model", "evolution", {"search.options.pool": 1}),
    Contestant("nsga2", "nsga2"),
    Contestant("local", "local"),
    Contestant("aging (P=20, S=5)", "aging", {
        "search.population_size": 20, "search.tournament_size": 5, "search.options.batch": 1,
    }),
    Contestant("random", "random"),
)  # fmt: skip


@cache
def arena(dataset: str) -> Arena:
    """The table for any of its data sets, by the plugin that the tests have."""
    if str(PLUGIN) not in sys.path:
        sys.path.insert(0, str(PLUGIN))
    options = {"table": str(TABLE), "dataset": dataset}
    return Arena(
        registry_with(EntryPoint("nasbench201", "snas_nasbench201", GROUP)),
        "nasbench201", {"name": "nasbench201", "options": options}, best_of(dataset),
    )  # fmt: skip


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
    scores = [float(trial.value or 0.0) for trial in study.trials]
    return Contest(trials, 1, partial(arena, dataset)).regrets_of(scores)


@cache
def best_of(dataset: str) -> float:
    from tests.e2e.snas_nasbench201.src.snas_nasbench201 import SETS, read_table

    return max(validation for validation, _ in read_table(TABLE, SETS[dataset]).values())


def cell(line: Line, trials: int) -> str:
    regrets = line.at(trials)
    return (f"{line.mean(trials):.2f} ± {line.half_width(trials):.2f} "
            f"({median(regrets):.2f}, {quantiles(regrets, n=10)[-1]:.2f})")  # fmt: skip


def lines(arguments: argparse.Namespace) -> Iterator[Line]:
    trials, seeds = max(arguments.at), arguments.seeds
    chosen = [c for c in CONTESTANTS if not arguments.only or c.strategy in arguments.only]
    contest = Contest(trials, seeds, partial(arena, arguments.dataset))
    for contestant in chosen:
        held = contest.hold([contestant], arguments.workers)
        yield Line(contestant.title, [curve for _, curve in held])
    if not arguments.only or "tpe" in arguments.only:
        with ProcessPoolExecutor(arguments.workers) as pool:
            run = partial(tpe, arguments.dataset, trials)
            yield Line("TPE (Optuna)", list(pool.map(run, range(seeds))))


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
        print(
            f"{line.title:28}" + "".join(f"{cell(line, at):>26}" for at in arguments.at), flush=True
        )


if __name__ == "__main__":
    main()
