"""NSGA-II."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snas_cli.api import ACCURACY, Candidate, Evaluation, Objective, Trial
from snas_cli.execution.inline import evaluate_inline
from snas_cli.registry import Registry
from snas_cli.search.ranking import Reference, by_dominance, front, hypervolume
from tests.search import stub

OBJECTIVES = (ACCURACY, Objective("weight", "weight"))


def judge(candidate: Candidate) -> Evaluation:
    """The stub's fitness against what a network weighs: its layers' widths, or its size."""
    genome = candidate.proposal.genome
    layers = genome.genes.get("layers", ())
    weight = sum(layer["width"] for layer in layers) or genome.genes["size"]
    return Evaluation(stub.fitness(genome), {"weight": weight})


def evaluate(candidates: Sequence[Candidate]) -> Iterator[Trial]:
    return evaluate_inline(candidates, judge)


def run(registry: Registry, name: str, seed: int = 0, generations: int = 10) -> list[Trial]:
    setup = stub.setup(registry, objectives=OBJECTIVES, rank=by_dominance(OBJECTIVES))
    strategy = registry.strategy(name)(setup)
    return stub.run(strategy, generations=generations, seed=seed, evaluate=evaluate)


def test_it_covers_more_of_the_front_than_random_search(registry: Registry) -> None:
    """By the mean hypervolume after 100 trials over 20 seeds, within all that there can be."""
    everything = Reference(worst=(0.0, 72.0), span=(3.0, 72.0))

    def mean_volume(name: str) -> float:
        runs = (run(registry, name, seed) for seed in range(20))
        return sum(hypervolume(trials, OBJECTIVES, everything) for trials in runs) / 20

    assert mean_volume("nsga2") > 1.15 * mean_volume("random")


def test_the_front_is_wide(registry: Registry) -> None:
    found = front(run(registry, "nsga2", generations=20), OBJECTIVES)
    weights = {trial.metrics["weight"] for trial in found}
    assert len(weights) >= 5
    assert min(weights) <= 2


def test_whoever_is_good_enough_stays(registry: Registry) -> None:
    """Parents come from the best P of all trials before, which need not be recent."""
    setup = stub.setup(registry)
    trials = stub.run(registry.strategy("nsga2")(setup), generations=12)
    for trial in trials[10:]:
        before = setup.rank(t for t in trials if t.generation < trial.generation)
        best = {t.number for t in before[:10]}
        assert set(trial.proposal.parents) <= best
    ages = [t.generation - trials[p].generation for t in trials for p in t.proposal.parents]
    assert max(ages) > 3


def test_children_have_one_parent_or_two(registry: Registry) -> None:
    trials = stub.run(registry.strategy("nsga2")(stub.setup(registry)), generations=6)
    for trial in trials[10:]:
        crossed = trial.proposal.operator.startswith("crossover+")
        assert len(set(trial.proposal.parents)) == (2 if crossed else 1)
    assert {len(t.proposal.parents) for t in trials} == {0, 1, 2}
