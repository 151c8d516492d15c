"""Evolution: what it foretells, whom it promotes, and what it does about a population too alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from random import Random
from statistics import fmean
from typing import Any

import pytest
from scipy.stats import spearmanr
from snas_plugins.strategies import evolution as module
from snas_plugins.strategies._breeding import Breeder
from snas_plugins.strategies.evolution import SHORTLIST

from snas_cli.api import (
    ACCURACY,
    Candidate,
    Evaluation,
    Genome,
    Objective,
    Operator,
    Ordinal,
    Proposal,
    SearchError,
    Space,
    Strategy,
    Trial,
)
from snas_cli.execution.inline import evaluate_inline
from snas_cli.registry import Registry
from snas_cli.search.ranking import Reference, by_dominance, hypervolume
from tests.search import stub

WEIGHT = Objective("weight", "weight")
TWO = (ACCURACY, WEIGHT)


def evolution(registry: Registry, **changes: Any) -> Strategy:
    return registry.strategy("evolution")(stub.setup(registry, **changes))


def rngs(count: int, seed: int = 0) -> list[Random]:
    return [Random(f"{seed}/{number}") for number in range(count)]


def weight(genome: Genome) -> int:
    if genome.family == "tall":
        return sum(layer["width"] for layer in genome.genes["layers"])
    return int(genome.genes.get("size", 1))


def trial(number: int, genome: Genome, *, rungs: int = 1, **more: Any) -> Trial:
    fitness = more.pop("fitness", None)
    score = stub.fitness(genome) if fitness is None else fitness
    proposal = Proposal(genome, "random", **more)
    return Trial(number, 0, proposal, score, {"weight": weight(genome)}, rungs=(score,) * rungs)


def genomes(count: int, seed: int = 0) -> list[Genome]:
    rng, drawn = Random(seed), dict[str, Genome]()
    while len(drawn) < count:
        genome = stub.SPACE.sample(rng)
        drawn.setdefault(genome.fingerprint, genome)
    return list(drawn.values())


def told(strategy: Strategy, count: int = 40, **more: Any) -> Strategy:
    """That of so many trials, ten in each generation."""
    found = [trial(number, genome, **more) for number, genome in enumerate(genomes(count))]
    for first in range(0, count, 10):
        strategy.tell(found[first : first + 10])
    return strategy


# --- the model ------------------------------------------------------------------------------------


def test_it_foretells_what_will_come_of_its_children(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those that it did not choose: what it chooses itself is much alike."""
    strategy = told(evolution(registry), 60)
    chosen = strategy.ask(rngs(30))
    assert any(p.operator.count("+") > 1 for p in chosen), "some it has refined"
    monkeypatch.setattr(module, "UNSCREENED", 60)
    proposals = strategy.ask(rngs(30))
    pairs = [(p.predicted, stub.fitness(p.genome)) for p in proposals]
    assert spearmanr(*zip(*pairs, strict=True)).statistic > 0.5
    known = [stub.fitness(genome) for genome in genomes(60)]
    assert all(min(known) <= (p.predicted or 0) <= max(known) for p in proposals)


def test_its_children_are_better_than_those_of_evolution_without_a_model(
    registry: Registry,
) -> None:
    def mean_fitness(**options: Any) -> float:
        strategy = told(evolution(registry, options=options), 60)
        return fmean(stub.fitness(p.genome) for p in strategy.ask(rngs(30)))

    assert mean_fitness() > mean_fitness(pool=1) + 0.3


def test_without_enough_trials_nothing_is_foretold(registry: Registry) -> None:
    strategy = evolution(registry)
    assert all(p.predicted is None for p in strategy.ask(rngs(4)))
    first = genomes(8)
    strategy.tell([trial(number, genome) for number, genome in enumerate(first[:7])])
    assert all(p.predicted is None for p in strategy.ask(rngs(4)))
    strategy.tell([trial(7, first[7])])
    assert all(p.predicted is not None for p in strategy.ask(rngs(4)))


def test_a_pool_of_one_is_evolution_without_a_model(registry: Registry) -> None:
    for proposal in told(evolution(registry, options={"pool": 1})).ask(rngs(30)):
        assert proposal.predicted is None
        steps = [step for step in proposal.operator.split("+") if step != "crossover"]
        assert len(steps) == 1, "and nothing is refined"


@pytest.mark.parametrize("pool", [0, 1.5, True, "many"])
def test_a_pool_is_a_whole_number(registry: Registry, pool: Any) -> None:
    with pytest.raises(SearchError, match=r"search\.options\.pool is a whole number from 1 on"):
        evolution(registry, options={"pool": pool})


def test_misspelt_options_are_told_by_the_likely_one(registry: Registry) -> None:
    with pytest.raises(SearchError, match=r"did you mean 'pool'\?"):
        evolution(registry, options={"pol": 3})


def test_no_two_children_are_the_same(registry: Registry) -> None:
    """Though in a small space the model likes the same few: none of them is a known one, either."""
    space = Space({"line": {"x": Ordinal(*range(60))}})
    strategy = evolution(registry, space=space)
    known = [space.genome("line", {"x": x}) for x in range(0, 40, 2)]
    strategy.tell([trial(n, genome, fitness=genome.genes["x"]) for n, genome in enumerate(known)])
    children = [p.genome.genes["x"] for p in strategy.ask(rngs(12))]
    assert len(set(children)) == 12
    assert not set(children) & set(range(0, 40, 2))


def test_what_the_model_likes_is_not_proposed_against_the_limits(registry: Registry) -> None:
    def admit(genome: Genome) -> bool:
        return weight(genome) <= 6

    strategy = told(evolution(registry, admit=admit), 60)
    assert all(admit(proposal.genome) for proposal in strategy.ask(rngs(20)))


def test_what_is_beyond_the_limits_is_not_refined(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def admit(genome: Genome) -> bool:
        return weight(genome) <= 6

    refined = list[Genome]()
    again = Breeder.again

    def watched(breeder: Breeder, proposal: Proposal, rng: Random) -> Proposal:
        refined.append(proposal.genome)
        return again(breeder, proposal, rng)

    monkeypatch.setattr(Breeder, "again", watched)
    told(evolution(registry, admit=admit), 60).ask(rngs(20))
    assert len(refined) > 20
    assert all(map(admit, refined))


# --- leaving no trace -----------------------------------------------------------------------------


def proxies(genome: Genome, names: Collection[str]) -> Mapping[str, float]:
    return {name: stub.fitness(genome) for name in names}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"objectives": TWO, "rank": by_dominance(TWO)},
        {"proxy_names": ("zen",), "proxies": proxies},
        {"rungs": lambda generation: 2 if generation >= 4 else 1},
    ],
    ids=["one", "two-objectives", "proxies", "rungs"],
)
def test_asking_leaves_no_trace(registry: Registry, changes: dict[str, Any]) -> None:
    """And another instance that is told the same asks for the same."""
    asked, again = (told(evolution(registry, **changes), 40, proxies={"zen": 1}) for _ in range(2))
    first = asked.ask(rngs(6))
    assert asked.ask(rngs(6)) == again.ask(rngs(6)) == first
    asked.ask(rngs(3, seed=1))
    more = [trial(40 + n, genome) for n, genome in enumerate(genomes(50)[40:])]
    for strategy in (asked, again):
        strategy.tell(more)
    assert asked.ask(rngs(6)) == again.ask(rngs(6)) != first


def test_a_child_depends_on_its_own_chance_alone(registry: Registry) -> None:
    """And on the places that others before it have taken, which are other architectures."""
    strategy = told(evolution(registry), 40)
    both = strategy.ask(rngs(2))
    assert strategy.ask(rngs(1)) == both[:1]


# --- promotions -----------------------------------------------------------------------------------


def promoted(strategy: Strategy, count: int = 8) -> list[int]:
    """Numbers of the trials that are to be trained further; they come first."""
    proposals = strategy.ask(rngs(count))
    promotions = [p for p in proposals if p.operator == "promotion"]
    assert proposals[: len(promotions)] == promotions
    return [p.parents[0] for p in promotions]


def test_elites_are_trained_to_the_rung_that_the_next_generation_reaches(
    registry: Registry,
) -> None:
    setup = {"elites": 3, "options": {"pool": 1}, "rungs": lambda generation: 1 + generation // 2}
    strategy = told(evolution(registry, **setup), 10)
    best = sorted(range(10), key=lambda number: -stub.fitness(genomes(10)[number]))[:3]
    assert promoted(strategy) == [], "the second generation has one rung, too"
    strategy.tell([])
    assert promoted(strategy) == best
    genome = {number: genomes(10)[number] for number in best}
    assert [p.genome for p in strategy.ask(rngs(3))] == list(genome.values())
    strategy.tell([trial(10 + n, genome[number], rungs=2) for n, number in enumerate(best)])
    assert promoted(strategy) == []


def test_who_was_left_behind_goes_on_if_it_would_have_in_another_generation(
    registry: Registry,
) -> None:
    """Of nine that reached the first rung the three best may go on; two have, and failed none."""
    setup = {"elites": 2, "options": {"pool": 1}, "rungs": lambda _generation: 3}
    strategy = evolution(registry, **setup)
    rungs = [(0.5,), (0.4, 0.9), (0.6, 0.7), (0.3,), (0.2,), (0.1,), (0.2,), (0.1,), (0.45,)]
    trials = [
        replace(trial(number, genomes(9)[number]), fitness=reached[-1], rungs=reached)
        for number, reached in enumerate(rungs)
    ]
    strategy.tell(trials[:8])
    assert promoted(strategy) == [0], "one of the best two, and the other has gone on"
    strategy.tell(trials[8:])
    assert promoted(strategy) == [0, 8]
    again = replace(trials[0], number=9, fitness=0.8, rungs=(0.5, 0.8))
    strategy.tell([again])
    assert promoted(strategy) == [1, 8], "of three at the second rung one may go on, the best"
    lost = replace(trials[1], number=10, fitness=None, reason="diverged", rungs=(0.4, 0.9))
    strategy.tell([lost])
    assert 1 not in promoted(strategy), "it would fail again"


def test_promotions_take_no_more_places_than_there_are(registry: Registry) -> None:
    """A budget may have left one."""
    strategy = told(evolution(registry, elites=3, rungs=lambda _generation: 2))
    assert len(promoted(strategy, 1)) == 1
    assert len(promoted(strategy, 8)) == 3


# --- diversity ------------------------------------------------------------------------------------

CLONE = {"rate": 0.01, "layers": [{"width": 4, "kind": "b"}] * 5}


class Rate(Operator):
    """Notes the rates that it is called with."""

    name = "rate"

    def __init__(self) -> None:
        self.seen: set[float] = set()

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        self.seen.add(rate)
        return space.mutate(genome, rng, 0.5)


def alike(registry: Registry, **changes: Any) -> tuple[Strategy, list[str]]:
    """Told of founders, and then of their betters, which are all alike; and what it remarked."""
    strategy = told(evolution(registry, options={"pool": 1}, **changes), 10)
    remarks = strategy.remarks()
    clone = stub.SPACE.genome("tall", CLONE)
    for first in (10, 20):
        strategy.tell([trial(first + n, clone, fitness=9 + n / 10) for n in range(10)])
        remarks += strategy.remarks()
    return strategy, remarks


def test_a_population_too_alike_is_told_of_once(registry: Registry) -> None:
    _, remarks = alike(registry)
    assert len(remarks) == 1
    assert remarks[0].startswith("the population has become alike (diversity 0.")


def test_a_population_too_alike_gets_new_blood(registry: Registry) -> None:
    """A fifth of a pool is drawn afresh as a rule, and half of it then."""

    def share_fresh(strategy: Strategy) -> float:
        return fmean(p.operator == "fresh" for p in strategy.ask(rngs(200)))

    usual, (narrow, _) = told(evolution(registry, options={"pool": 1})), alike(registry)
    assert share_fresh(usual) == pytest.approx(0.2, abs=0.07)
    assert share_fresh(narrow) == pytest.approx(0.5, abs=0.07)


def test_a_population_too_alike_mutates_twice_as_often(registry: Registry) -> None:
    usual, narrow = Rate(), Rate()
    told(evolution(registry, operators=((usual, 1.0),))).ask(rngs(20))
    alike(registry, operators=((narrow, 1.0),))[0].ask(rngs(20))
    assert (usual.seen, narrow.seen) == ({0.2}, {0.4})


# --- proxies --------------------------------------------------------------------------------------


class Bench:
    """A proxy and how often it is asked for."""

    def __init__(self, registry: Registry, agrees: Callable[[int], bool]) -> None:
        """It agrees with the fitness, which no model could learn, on trials of which `agrees`."""
        self.asked = 0
        self.agrees = agrees
        self.strategy = evolution(registry, proxy_names=("zen",), proxies=self)

    def __call__(self, genome: Genome, names: Collection[str]) -> Mapping[str, float]:
        self.asked += len(names)
        return {name: unlearnable(genome) for name in names}

    def tell(self, count: int) -> list[str]:
        """What it remarks when it is told of so many trials."""
        numbers = range(count)
        self.strategy.tell([
            trial(n, genome, fitness=unlearnable(genome),
                  proxies={"zen": unlearnable(genome) if self.agrees(n) else -n})
            for n, genome in zip(numbers, genomes(count), strict=True)
        ])  # fmt: skip
        return self.strategy.remarks()

    def ask(self, count: int) -> list[Proposal]:
        self.asked = 0
        return self.strategy.ask(rngs(count))


def unlearnable(genome: Genome) -> float:
    return int(genome.fingerprint, 16) % 1009 / 1009


def test_a_proxy_that_has_proved_itself_chooses_among_the_promising(registry: Registry) -> None:
    trusted = Bench(registry, lambda _number: True)
    (remark,) = trusted.tell(30)
    assert remark.startswith("zen: rank correlation 1.00 ")
    assert remark.endswith(": used")
    children = trusted.ask(40)
    screened = sum("+" in p.operator or p.operator == "fresh" for p in children)
    assert trusted.asked > SHORTLIST * screened / 2
    assert fmean(unlearnable(p.genome) for p in children) > 0.6  # of random ones, a half


@pytest.mark.parametrize("count", [11, 30])
def test_a_proxy_that_has_not_is_not_asked(registry: Registry, count: int) -> None:
    """For it disagrees, or there are too few trials to tell."""
    other = Bench(registry, lambda number: count < 12 or number % 2 == 0)
    remarks = other.tell(count)
    assert not any(remark.endswith(": used") for remark in remarks)
    children = other.ask(40)
    assert other.asked == 0
    assert other.strategy.wants_proxies  # but it goes on being told of them
    assert fmean(unlearnable(p.genome) for p in children) < 0.6


def test_a_verdict_is_spoken_when_it_changes(registry: Registry) -> None:
    bench = Bench(registry, lambda _number: True)
    assert len(bench.tell(30)) == 1
    assert bench.tell(30) == []
    bench.agrees = lambda _number: False
    (remark,) = [*bench.tell(100), *bench.tell(100)]
    assert remark.endswith(": not used")
    bench.ask(10)
    assert bench.asked == 0


# --- several objectives ---------------------------------------------------------------------------


def test_with_several_objectives_children_weigh_them_each_in_its_own_way(
    registry: Registry,
) -> None:
    both = told(evolution(registry, objectives=TWO, rank=by_dominance(TWO)), 60)
    children = [p.genome for p in both.ask(rngs(40))]
    assert min(map(weight, children)) <= 2
    assert max(map(stub.fitness, children)) > 1.5


def test_each_objective_has_its_model(registry: Registry) -> None:
    """Where all are as accurate as any other, the children that a model chose are the small."""

    def mean_weight(**options: Any) -> float:
        setup = {"objectives": TWO, "rank": by_dominance(TWO), "options": options}
        strategy = told(evolution(registry, **setup), 60, fitness=0.5)
        return fmean(weight(p.genome) for p in strategy.ask(rngs(30)))

    assert mean_weight() < 0.7 * mean_weight(pool=1)


def test_the_accuracy_alone_is_foretold(registry: Registry) -> None:
    """For it is what the journal has the fitness of, and the first objective."""
    first = told(evolution(registry, objectives=TWO, rank=by_dominance(TWO)))
    other = (WEIGHT, ACCURACY)
    second = told(evolution(registry, objectives=other, rank=by_dominance(other)))
    assert all(p.predicted is not None for p in first.ask(rngs(6)))
    assert all(p.predicted is None for p in second.ask(rngs(6)))


def test_it_covers_more_of_the_front_than_random_search(registry: Registry) -> None:
    everything = Reference(worst=(0.0, 72.0), span=(3.0, 72.0))

    def evaluate(candidate: Candidate) -> Evaluation:
        genome = candidate.proposal.genome
        return Evaluation(stub.fitness(genome), {"weight": weight(genome)})

    def volume(name: str, seed: int) -> float:
        setup = stub.setup(registry, objectives=TWO, rank=by_dominance(TWO))
        trials = stub.run(
            registry.strategy(name)(setup), generations=6, seed=seed, rank=setup.rank,
            evaluate=lambda candidates: evaluate_inline(candidates, evaluate),
        )  # fmt: skip
        return hypervolume(trials, TWO, everything)

    seeds = range(3)
    ours, random = (fmean(volume(name, seed) for seed in seeds) for name in ("evolution", "random"))
    assert ours > 1.05 * random
