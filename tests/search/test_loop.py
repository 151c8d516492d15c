"""The search loop, on a formula in place of training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

import pytest

from snas_cli.api import Candidate, CandidateError, Evaluation, Space, Strategy, Trial
from snas_cli.api import Ordinal as Numbers
from snas_cli.errors import SearchError
from snas_cli.execution.inline import evaluate_inline
from snas_cli.registry import Registry
from snas_cli.search.loop import Record, seeded
from snas_cli.search.ranking import leaders
from tests.search import stub

STRATEGIES = ["aging", "evolution", "local", "nsga2", "random"]


def made(registry: Registry, name: str, **changes: Any) -> Strategy:
    """With a pool of few, evolution takes a quarter of its time."""
    settings = {"options": {"pool": 8} if name == "evolution" else {}, **changes}
    return registry.strategy(name)(stub.setup(registry, **settings))


@pytest.mark.parametrize("name", STRATEGIES)
def test_same_seed_same_search(registry: Registry, name: str) -> None:
    one, other = (stub.run(made(registry, name)) for _ in range(2))
    assert one == other
    different = stub.run(made(registry, name), seed=1)
    assert different != one


@pytest.mark.parametrize("name", STRATEGIES)
def test_order_of_finishing_changes_nothing(registry: Registry, name: str) -> None:
    def backwards(candidates: Sequence[Candidate]) -> Iterator[Trial]:
        return stub.evaluate(list(reversed(candidates)))

    in_order = stub.run(made(registry, name))
    assert stub.run(made(registry, name), evaluate=backwards) == in_order


class Stopped(Exception):  # noqa: N818 - an end like Ctrl-C
    pass


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("kept", [0, 1, 9, 10, 11, 25, 42])
def test_recorded_trials_are_not_evaluated_again(registry: Registry, name: str, kept: int) -> None:
    whole = stub.run(made(registry, name))
    recorder, evaluated = stub.Recorder(), list[int]()

    def interrupted(candidates: Sequence[Candidate]) -> Iterator[Trial]:
        for trial in stub.evaluate(candidates):
            if len(recorder.trials) == kept:
                raise Stopped
            evaluated.append(trial.number)
            yield trial

    def watched(candidates: Sequence[Candidate]) -> Iterator[Trial]:
        evaluated.extend(candidate.number for candidate in candidates)
        return stub.evaluate(candidates)

    with contextlib.suppress(Stopped):
        stub.run(made(registry, name), evaluate=interrupted, listener=recorder)
    resumed = stub.run(made(registry, name), record=recorder.record(), evaluate=watched)
    assert resumed == whole
    assert len(evaluated) == len(set(evaluated))


def test_recorded_out_of_order_within_a_generation(registry: Registry) -> None:
    recorder = stub.Recorder()
    whole = stub.run(made(registry, "evolution"), listener=recorder)
    some = [trial for trial in whole if trial.number in {0, 3, 4, 8}]
    record = Record(some, {0: recorder.proposals[0]})
    resumed = stub.run(made(registry, "evolution"), record=record)
    assert resumed == whole


def test_no_architecture_is_evaluated_twice(registry: Registry) -> None:
    """Even in a space that is used up: results are looked up, and the search goes on."""
    small = Space({"tiny": {"size": Numbers(1, 2, 3, 4, 5, 6, 7)}})
    evaluated: list[str] = []

    def judge(candidate: Candidate) -> Evaluation:
        genome = candidate.proposal.genome
        evaluated.append(genome.fingerprint)
        return Evaluation(genome.genes["size"], {})

    trials = stub.run(
        made(registry, "evolution", space=small),
        evaluate=lambda candidates: evaluate_inline(candidates, judge),
    )
    assert len(trials) == 10 + 4 * 8
    assert len(evaluated) == len(set(evaluated)) == 7
    assert {trial.fitness for trial in trials} == {1, 2, 3, 4, 5, 6, 7}


def test_failed_candidates_have_a_reason_and_no_fitness(registry: Registry) -> None:
    def judge(candidate: Candidate) -> Evaluation:
        if candidate.number % 3 == 0:
            raise CandidateError("diverged")
        if candidate.number % 3 == 1:
            raise ValueError("a fault in a family\nwith a second line")
        return stub.judge(candidate)

    trials = stub.run(
        made(registry, "evolution"),
        evaluate=lambda candidates: evaluate_inline(candidates, judge),
    )
    failed = [trial for trial in trials if trial.failed]
    assert {trial.reason for trial in failed} == {"diverged", "ValueError: a fault in a family"}
    assert all(trial.fitness is None and not trial.metrics for trial in failed)
    assert not any(trial.failed for trial in leaders(trials, 50))


def test_parents_are_never_failed_trials(registry: Registry) -> None:
    def judge(candidate: Candidate) -> Evaluation:
        if candidate.number % 2:
            raise CandidateError("diverged")
        return stub.judge(candidate)

    trials = stub.run(
        made(registry, "evolution"),
        evaluate=lambda candidates: evaluate_inline(candidates, judge),
    )
    parents = {number for trial in trials for number in trial.proposal.parents}
    assert parents
    assert not any(trials[number].failed for number in parents)


def test_a_first_generation_that_fails_ends_with_the_common_reason(registry: Registry) -> None:
    def judge(_candidate: Candidate) -> Evaluation:
        raise CandidateError("diverged: the loss was nan")

    with pytest.raises(SearchError, match=r"all of the first 10 .* 10 of them with: diverged"):
        stub.run(
            made(registry, "evolution"),
            evaluate=lambda candidates: evaluate_inline(candidates, judge),
        )


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_is_not_admitted_is_never_proposed(registry: Registry, name: str) -> None:
    strategy = made(registry, name, admit=lambda genome: genome.family == "wide")
    trials = stub.run(strategy)
    assert {trial.genome.family for trial in trials} == {"wide"}


@pytest.mark.parametrize("name", STRATEGIES)
def test_limits_that_nothing_meets_are_an_error(registry: Registry, name: str) -> None:
    strategy = made(registry, name, admit=lambda _genome: False)
    with pytest.raises(SearchError, match=r"within the limits"):
        stub.run(strategy)


@pytest.mark.parametrize(("options", "seeds"), [({"pool": 1}, 20), ({}, 4)], ids=["bare", "model"])
def test_evolution_beats_random_search(
    registry: Registry, options: dict[str, int], seeds: int
) -> None:
    """By the mean over some seeds, on the formula: a sanity check, not a benchmark."""

    def best(name: str, seed: int) -> float:
        strategy = made(registry, name, options=options if name == "evolution" else {})
        trials = stub.run(strategy, seed=seed)
        return max(trial.fitness or 0 for trial in trials)

    ours, random = (
        fmean(best(name, seed) for seed in range(seeds)) for name in ("evolution", "random")
    )
    assert ours > random + 0.1


def test_generators_do_not_depend_on_the_hash_seed() -> None:
    assert seeded(0, "proposal", 7).random() == 0.38653457328125207


def test_every_family_founds_lines_and_none_dies_out(registry: Registry) -> None:
    trials = stub.run(made(registry, "evolution"), generations=20)
    founders = [trial.genome.family for trial in trials if trial.generation == 0]
    assert founders == ["tall", "wide"] * 5
    late = [trial.genome.family for trial in trials if 4 <= trial.generation < 8]
    assert {"tall", "wide"} == set(late)
