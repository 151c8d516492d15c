"""What it costs to ask the default strategy for a generation and to tell it what came of the last,
after 10 to 10,000 trials of all ten families. Run it with: python -m tests.benchmarks.bench_asking
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from random import Random
from statistics import median

from snas_cli.api import Proposal, SearchSetup, Strategy, Trial
from snas_cli.recipe.document import Document
from snas_cli.recipe.loading import check
from snas_cli.recipe.resolve import operators_of, space_of
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry

GENERATION = 10  # trials, as in a recipe that says nothing
AT = (10, 100, 1_000, 10_000)  # trials
TURNS = 5  # generations timed at each


def strategy(name: str, recipe: Recipe, registry: Registry) -> Strategy:
    return registry.strategy(name)(
        SearchSetup(
            space_of(recipe.space, registry), operators_of(recipe, registry),
            admit=lambda _genome: True, population_size=GENERATION, elites=2, tournament_size=3,
            mutation_rate=recipe.search.mutation_rate, crossover_rate=recipe.search.crossover_rate,
        )
    )  # fmt: skip


def trials(proposals: list[Proposal], first: int, rng: Random) -> list[Trial]:
    """With a made-up fitness: what it is does not matter to what it costs."""
    return [
        Trial(number, number // GENERATION, proposal, rng.random())
        for number, proposal in enumerate(proposals, first)
    ]


def timed(chosen: Strategy) -> Iterator[tuple[int, list[float], list[float]]]:
    """Milliseconds of CPU of each ask and tell once there are so many trials. Between them it is
    told of random genomes, which is quicker than to ask it."""
    rng, count, space = Random(0), 0, chosen.setup.space
    for upto in AT:
        while count < upto:
            drawn = [Proposal(space.sample(rng), "random") for _ in range(GENERATION)]
            chosen.tell(trials(drawn, count, rng))
            count += GENERATION
        asks, tells = list[float](), list[float]()
        for turn in range(TURNS):
            began = time.process_time()
            proposals = chosen.ask([Random(f"{count}/{turn}/{n}") for n in range(GENERATION)])
            asked = time.process_time()
            chosen.tell(trials(proposals, count, rng))
            told = time.process_time()
            count += len(proposals)
            asks.append(1000 * (asked - began))
            tells.append(1000 * (told - asked))
        yield upto, asks, tells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strategy", default="evolution")
    arguments = parser.parse_args()
    registry = Registry.installed()
    recipe = check(Document("bench", {"data": {"dataset": "digits"}}), registry)
    print(f"{arguments.strategy}, ten families: ms of CPU for {GENERATION} proposals, median of "
          f"{TURNS} (largest)")  # fmt: skip
    for upto, asks, tells in timed(strategy(arguments.strategy, recipe, registry)):
        print(f"{upto:7,} trials   ask {median(asks):6.1f} ({max(asks):.1f})   "
              f"tell {median(tells):6.1f} ({max(tells):.1f})", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
