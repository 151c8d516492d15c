"""Local search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from snas_cli.api import Candidate, Choice, Evaluation, Genome, Ordinal, Space, Trial
from snas_cli.execution.inline import evaluate_inline
from snas_cli.registry import Registry
from tests.search import stub

LINE = Space({"line": {"x": Ordinal(*range(100))}})
PEAKS = {20: 1.0, 80: 2.0}


def slope(candidate: Candidate) -> Evaluation:
    """Two tents, around 20 and, twice as high, around 80."""
    x = candidate.proposal.genome.genes["x"]
    return Evaluation(max(height - abs(x - peak) / 40 for peak, height in PEAKS.items()))


def on_the_line(candidates: Sequence[Candidate]) -> Iterator[Trial]:
    return evaluate_inline(candidates, slope)


def run(registry: Registry, generations: int, size: int, seed: int = 0) -> list[Trial]:
    setup = stub.setup(registry, space=LINE, population_size=size)
    strategy = registry.strategy("local")(setup)
    return stub.run(strategy, generations=generations, seed=seed, evaluate=on_the_line)


def differences(one: Genome, other: Genome) -> int:
    """In how many genes and, if their number differs, by how many layers."""
    layers = [genome.genes.get("layers", ()) for genome in (one, other)]
    shared = sum(one.genes[name] != other.genes[name] for name in one.genes if name != "layers")
    if len(layers[0]) != len(layers[1]):
        return shared + abs(len(layers[0]) - len(layers[1]))
    pairs = zip(*layers, strict=True)
    return shared + sum(mine[name] != yours[name] for mine, yours in pairs for name in mine)


def test_every_child_is_one_step_from_its_parent(registry: Registry) -> None:
    trials = stub.run(registry.strategy("local")(stub.setup(registry)), generations=8)
    assert not any(trial.proposal.parents for trial in trials[:10])
    for trial in trials[10:]:
        (parent,) = trial.proposal.parents
        assert trial.proposal.operator == "step"
        assert trial.genome.family == trials[parent].genome.family
        assert differences(trial.genome, trials[parent].genome) == 1


def test_it_climbs_from_the_best(registry: Registry) -> None:
    """A stack always has neighbours left: another layer may be anything."""
    tall = Space({"tall": stub.SPACE.genes("tall")})
    strategy = registry.strategy("local")(stub.setup(registry, space=tall))
    trials = stub.run(strategy, generations=8)
    for trial in trials[10:]:
        before = [t.fitness or 0 for t in trials if t.generation < trial.generation]
        assert trials[trial.proposal.parents[0]].fitness == max(before)


def test_it_ends_a_climb_at_a_local_optimum_and_goes_on_elsewhere(registry: Registry) -> None:
    """One at a time: up the first tent, then from new starts until the second is found."""
    trials = run(registry, 70, size=1)
    tried = [trial.genome.genes["x"] for trial in trials]
    assert len(set(tried)) == len(tried)
    starts = [trial.number for trial in trials if not trial.proposal.parents]
    assert len(starts) > 1
    for start, following in pairwise(starts):
        climb = trials[start:following]
        top = max(climb, key=lambda trial: trial.fitness or 0).genome.genes["x"]
        assert {x for x in (top - 1, top + 1) if 0 <= x < 100} <= set(tried[:following])
    assert max(trial.fitness or 0 for trial in trials) == 2


def test_the_next_best_start_goes_on_when_a_climb_ends(registry: Registry) -> None:
    trials = run(registry, 70, size=2)
    first, second = sorted(trials[:2], key=lambda trial: -(trial.fitness or 0))
    later = [trial for trial in trials[2:] if not trial.proposal.parents]
    assert any(second.number in trial.proposal.parents for trial in trials)
    assert any(first.number in trial.proposal.parents for trial in trials)
    assert later, "when both climbs have ended, there is a new start"


def test_ended_climbs_are_remembered(registry: Registry) -> None:
    """They are searched for neighbours once, and not at every `ask` of a long run."""
    setup = stub.setup(registry, space=LINE, population_size=2)
    strategy = registry.strategy("local")(setup)
    trials = stub.run(strategy, generations=70, evaluate=on_the_line)
    tried = {trial.genome.genes["x"] for trial in trials}
    restarts = [trial for trial in trials[2:] if not trial.proposal.parents]
    assert restarts
    assert {0, 1} <= strategy._ended
    for start in strategy._ended:
        x = strategy._tops[start].genome.genes["x"]
        assert {near for near in (x - 1, x + 1) if 0 <= near < 100} <= tried


def test_a_wider_level_opens_them_again(registry: Registry) -> None:
    narrow, wide = (Space({"line": {"x": Choice(*range(count))}}) for count in (5, 12))
    setup = stub.setup(
        registry, space=wide, levels=(narrow, wide), generations=18, population_size=2
    )
    strategy = registry.strategy("local")(setup)
    stub.run(strategy, generations=5, evaluate=stub.by_fingerprint)
    assert strategy._ended
    strategy = registry.strategy("local")(setup)
    stub.run(strategy, generations=6, evaluate=stub.by_fingerprint)
    assert not strategy._ended


def test_a_climb_goes_on_at_the_next_level(registry: Registry) -> None:
    """At the first level 4 is the top; at the second it is a step on the way."""
    narrow, wide = (Space({"line": {"x": Choice(*range(count))}}) for count in (5, 12))
    setup = stub.setup(
        registry, space=wide, levels=(narrow, wide), generations=18, population_size=2
    )
    trials = stub.run(
        registry.strategy("local")(setup),
        generations=12,
        evaluate=lambda candidates: evaluate_inline(
            candidates, lambda c: Evaluation(c.proposal.genome.genes["x"])
        ),
    )
    (first, *_) = (trial for trial in trials if trial.generation == 6)
    assert trials[first.proposal.parents[0]].fitness == 4
    assert max(trial.fitness or 0 for trial in trials) == 11
