"""Successive halving: who goes on, whom they are compared with, and what an interruption costs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snas_cli.api import (
    ACCURACY,
    Candidate,
    CandidateError,
    Evaluation,
    Genes,
    Genome,
    Objective,
    Ordinal,
    Proposal,
    Space,
    Trial,
    by_fitness,
)
from snas_cli.execution.inline import evaluate_inline
from snas_cli.registry import Registry
from snas_cli.search.listener import Listener
from snas_cli.search.loop import Record
from snas_cli.search.ranking import by_dominance, leaders
from snas_cli.search.rungs import Ladder, Rungs, Step, rung_of
from tests.search import stub

Scores = Mapping[int, Sequence[float | None]]  # rung by rung, of each candidate; None: it fails
TWO = (ACCURACY, Objective("params", "params"))


def proposal(number: int) -> Proposal:
    return Proposal(Genome("any", Genes({"number": number})), "random")


class Judge:
    """Has the scores ready, and notes who was judged at which rung."""

    def __init__(self, scores: Scores, metrics: Mapping[str, float] | None = None) -> None:
        self.scores = scores
        self.metrics = metrics or {}
        self.judged: list[tuple[int, int]] = []

    def __call__(self, candidates: Sequence[Candidate]) -> Iterator[Trial]:
        assert len({candidate.rung for candidate in candidates}) <= 1, "one rung at a time"
        for trial in evaluate_inline(candidates, self.judge):
            yield replace(trial, seconds=10 + trial.number)

    def judge(self, candidate: Candidate) -> Evaluation:
        self.judged.append((candidate.number, candidate.rung))
        scores = self.scores[candidate.number]
        if candidate.rung >= len(scores):
            pytest.fail(f"{candidate.number} was not to come to rung {candidate.rung}")
        score = scores[candidate.rung]
        if score is None:
            raise CandidateError("diverged")
        return Evaluation(score, {"params": candidate.number, **self.metrics})

    def at(self, rung: int) -> list[int]:
        return [number for number, at in self.judged if at == rung]


def climb(judge: Judge, rungs: Rungs, generation: int = 0, **changes: Any) -> list[Step]:
    """The ladder's; its candidates are those that have scores."""
    settings = {"rank": by_fitness, "earlier": {}, "reached": {}, **changes}
    ladder = Ladder(evaluate=judge, rungs=rungs, **settings)
    candidates = [Candidate(number, generation, proposal(number)) for number in judge.scores]
    return list(ladder.climb(candidates, generation))


def settle(judge: Judge, rungs: Rungs, **changes: Any) -> dict[int, Trial]:
    """The trials by number, as they are in the end."""
    steps = climb(judge, rungs, **changes)
    trials = {step.trial.number: step.trial for step in steps if step.last}
    assert len(trials) == sum(step.last for step in steps)
    return trials


def trained(number: int, *scores: float, **metrics: float) -> Trial:
    """A trial of an earlier generation."""
    return Trial(number, 0, proposal(number), scores[-1], metrics, rungs=scores)


# --- who goes on ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "factor", "trained_at"),
    [(9, 3, [9, 3, 1]), (7, 3, [7, 3, 1]), (10, 2, [10, 5, 3]), (1, 5, [1, 1, 1])],
)
def test_one_in_so_many_goes_on(count: int, factor: int, trained_at: list[int]) -> None:
    judge = Judge({number: [number] * 3 for number in range(count)})
    trials = settle(judge, Rungs(3, factor))
    assert [len(judge.at(rung)) for rung in range(3)] == trained_at
    assert judge.at(2) == sorted(judge.at(1), reverse=True)[: trained_at[2]][::-1]
    assert len(trials) == count
    assert trials[count - 1].rungs == (count - 1,) * 3


def test_what_the_first_rung_notes_of_a_candidate_is_kept() -> None:
    judge = Judge({0: [1, 2], 1: [0]})

    def noting(candidates: Sequence[Candidate]) -> Iterator[Trial]:
        for trial in judge(candidates):
            proxies = {} if trial.number in judge.at(1) else {"zen": 7.0}
            yield replace(trial, proposal=replace(trial.proposal, proxies=proxies))

    ladder = Ladder(evaluate=noting, rungs=Rungs(2, 2), rank=by_fitness, earlier={}, reached={})
    noted = list(ladder.climb([Candidate(number, 0, proposal(number)) for number in (0, 1)], 0))
    assert [step.trial.proposal.proxies for step in noted if step.last] == [{"zen": 7.0}] * 2


def test_the_best_of_a_rung_are_those_that_lead_there() -> None:
    """And not those that led before."""
    leading = {0: [5, 1], 1: [4, 2], 2: [3, 4, 7], 3: [2, 3, 0]}
    judge = Judge({**leading, 4: [1], 5: [1], 6: [1], 7: [1]})
    trials = settle(judge, Rungs(3, 2))
    assert sorted(judge.at(1)) == [0, 1, 2, 3]
    assert sorted(judge.at(2)) == [2, 3]
    assert (trials[2].fitness, trials[2].rungs) == (7, (3, 4, 7))
    assert (trials[0].fitness, trials[0].rungs) == (1, (5, 1))
    assert (trials[5].fitness, trials[5].rungs) == (1, (1,))


def test_with_two_objectives_the_small_one_goes_on() -> None:
    """Number 0 has the fewest parameters and the lowest fitness."""
    scores: Scores = {number: [number, number] for number in range(9)}
    judge = Judge({**scores, 7: [0.5, 0.5]})
    climb(judge, Rungs(2, 4), rank=by_dominance(TWO))
    assert {0, 8} <= set(judge.at(1))
    assert 7 not in judge.at(1), "number 6 is smaller and better"
    alone = Judge(judge.scores)
    climb(alone, Rungs(2, 4))
    assert sorted(alone.at(1)) == [5, 6, 8]


def test_a_failure_is_final() -> None:
    """At whichever rung; scores from before it are kept, and no other takes its place."""
    judge = Judge({0: [9, None], 1: [None], 2: [7, 7, 7], 3: [6], 4: [5], 5: [None]})
    trials = settle(judge, Rungs(3, 3))
    assert judge.at(1) == [0, 2]
    assert judge.at(2) == [2]
    for number, scores in ((0, (9,)), (1, ()), (5, ())):
        trial = trials[number]
        assert (trial.fitness, trial.reason, trial.rungs) == (None, "diverged", scores)
        assert rung_of(trial) == len(scores)
    assert rung_of(trials[3]) == 0


def test_time_and_epochs_add_up() -> None:
    steps = climb(Judge({0: [1, 2, 3], 1: [0]}, {"epochs": 0.4}), Rungs(3, 3))
    trials = {step.trial.number: step.trial for step in steps if step.last}
    assert trials[0].metrics["epochs"] == 1.2
    assert trials[1].metrics["epochs"] == 0.4
    assert [s.trial.metrics["epochs"] for s in steps if not s.last] == [0.4, 0.4, 0.8]
    assert (trials[0].seconds, trials[1].seconds) == (30, 11)


def test_the_last_rung_and_a_failure_are_heard_of_once() -> None:
    steps = climb(Judge({0: [1, 2], 1: [0, 0], 2: [None]}), Rungs(2, 2))
    heard = [(step.trial.number, step.trial.rungs, step.last) for step in steps]
    assert heard == [(0, (1,), False), (1, (0,), False), (2, (), True),
                     (0, (1, 2), True), (1, (0, 0), True)]  # fmt: skip


# --- promotions -----------------------------------------------------------------------------------


def test_who_was_trained_before_goes_on_from_there() -> None:
    """It takes no place of those at lower rungs, and its old scores compete with none of theirs."""
    judge = Judge({0: [None, 1, 0], 1: [5, 6, 7], 2: [4, 5], 3: [3]})
    before = trained(0, 99.0, epochs=0.5)
    judge.metrics = {"epochs": 1}
    trials = settle(judge, Rungs(3, 3), earlier={before.genome.fingerprint: before})
    assert judge.at(0) == [1, 2, 3]
    assert judge.at(1) == [0, 1], "of the three at the first rung, one goes on"
    assert judge.at(2) == [1]
    assert trials[0].rungs == (99, 1)
    assert trials[0].metrics["epochs"] == 1.5


def test_fast_generations_stop_at_the_first_rung() -> None:
    rungs = Rungs(3, 2, fast_generations=2)
    assert [rungs.of(generation) for generation in range(4)] == [1, 1, 3, 3]
    early, late = Judge({n: [n] * 3 for n in range(4)}), Judge({n: [n] * 3 for n in range(4)})
    climb(early, rungs, generation=1)
    climb(late, rungs, generation=2)
    assert (early.at(1), late.at(1)) == ([], [2, 3])


# --- in a search ----------------------------------------------------------------------------------


def score(candidate: Candidate) -> Evaluation:
    """By the formula in part, and in part by chance that is another at each rung; one in nine
    fails."""
    genome = candidate.proposal.genome
    drawn = int(genome.fingerprint, 16) // 7**candidate.rung
    if drawn % 9 == 0:
        raise CandidateError("diverged")
    return Evaluation(stub.fitness(genome) + drawn % 97 / 97, {"epochs": 0.5 + candidate.rung})


class Stopped(Exception):  # noqa: N818 - an end like Ctrl-C
    pass


class Journal(stub.Recorder):
    """Ends the search once it holds so many events."""

    stop_after: int | None = None
    events = 0

    def count(self) -> None:
        self.events += 1
        if self.events == self.stop_after:
            raise Stopped

    def proposed(self, generation: int, proposals: Sequence[Proposal]) -> None:
        super().proposed(generation, proposals)
        self.count()

    def rung_reached(self, trial: Trial) -> None:
        super().rung_reached(trial)
        self.count()

    def trial_finished(self, trial: Trial) -> None:
        super().trial_finished(trial)
        self.count()


RUNGS = Rungs(3, 2, fast_generations=2)


def search(
    registry: Registry,
    record: Record = Record(),  # noqa: B008 - frozen
    evaluate: Callable[[Sequence[Candidate]], Iterator[Trial]] | None = None,
    listener: Listener | None = None,
) -> list[Trial]:
    setup = stub.setup(registry, rungs=RUNGS.of, options={"pool": 1})
    return stub.run(
        registry.strategy("evolution")(setup),
        record=record,
        evaluate=evaluate or partial(evaluate_inline, evaluate_one=score),
        listener=listener,
        rungs=RUNGS,
    )


@pytest.fixture(scope="module")
def whole(registry: Registry) -> list[Trial]:
    return search(registry)


def test_generations_are_halved_and_elites_trained_further(whole: list[Trial]) -> None:
    fast = [trial for trial in whole if trial.generation < 2]
    assert {len(trial.rungs) for trial in fast if not trial.failed} == {1}
    promoted = [trial for trial in whole if trial.proposal.operator == "promotion"]
    assert [trial.generation for trial in promoted][:2] == [2, 2]
    assert [trial.proposal.parents[0] for trial in promoted[:2]] == [
        trial.number for trial in leaders(fast, 2)
    ]
    for trial in promoted:
        (parent,) = trial.proposal.parents
        before = whole[parent].rungs
        assert trial.rungs[: len(before)] == before
        assert len(trial.rungs) > len(before) or trial.failed
    for generation in (2, 3, 4):
        lengths = [len(t.rungs) for t in whole if t.generation == generation and not t.failed]
        assert set(lengths) >= {1, 3}, "some stop early, and some go all the way"


@settings(deadline=None, max_examples=40)
@given(stops=st.lists(st.integers(1, 60), min_size=1, max_size=4))
def test_interrupted_at_any_event_it_ends_the_same(
    registry: Registry, whole: list[Trial], stops: list[int]
) -> None:
    journal, judged = Journal(), list[tuple[str, int]]()

    def judge(candidate: Candidate) -> Evaluation:
        judged.append((candidate.proposal.genome.fingerprint, candidate.rung))
        return score(candidate)

    evaluate = partial(evaluate_inline, evaluate_one=judge)
    for stop in stops:  # so many events later, each time
        journal.stop_after, journal.events = stop, 0
        with contextlib.suppress(Stopped):
            search(registry, journal.record(), evaluate, journal)
    journal.stop_after = None
    assert search(registry, journal.record(), evaluate, journal) == whole
    assert len(judged) == len(set(judged)), "what was written down is not done again"
    assert sorted(journal.trials, key=lambda trial: trial.number) == whole
    reached = [(trial.number, rung_of(trial)) for trial in journal.rungs]
    assert len(reached) == len(set(reached)), "nor written down again"


def test_no_architecture_is_judged_twice_at_a_rung(registry: Registry) -> None:
    """In a space that is used up; one that failed is not tried again, even at a lower rung, and a
    repeated one has the outcome under a proposal of its own."""
    space = Space({"tiny": {"size": Ordinal(1, 2, 3, 4, 5, 6, 7)}})
    recorder, judged = stub.Recorder(), list[tuple[int, int]]()

    def judge(candidate: Candidate) -> Evaluation:
        size = candidate.proposal.genome.genes["size"]
        judged.append((size, candidate.rung))
        if size == 7 or (size, candidate.rung) == (6, 1):
            raise CandidateError("diverged")
        return Evaluation(size + candidate.rung)

    trials = stub.run(
        registry.strategy("random")(stub.setup(registry, space=space)),
        evaluate=partial(evaluate_inline, evaluate_one=judge),
        listener=recorder,
        rungs=Rungs(2, 2, fast_generations=1),
    )
    assert len(judged) == len(set(judged)) > 7
    assert (7, 1) not in judged
    proposed = chain.from_iterable(recorder.proposals.values())
    assert all(t.proposal is own for t, own in zip(trials, proposed, strict=True))
    repeated = [t for t in trials if t.generation == 4]
    assert all(t.seconds == 0 for t in repeated)
    assert all(t.failed == (t.genome.genes["size"] >= 6) for t in repeated)


def test_the_order_of_finishing_changes_nothing(registry: Registry, whole: list[Trial]) -> None:
    def backwards(candidates: Sequence[Candidate]) -> Iterator[Trial]:
        return evaluate_inline(list(reversed(candidates)), score)

    assert search(registry, evaluate=backwards) == whole
