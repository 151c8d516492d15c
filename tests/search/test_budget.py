"""What a search may cost: where it ends, and how it goes on with more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snas_cli.api import Candidate, Evaluation, Genes, Genome, Proposal, Space, Trial
from snas_cli.api import Ordinal as Numbers
from snas_cli.errors import SearchError
from snas_cli.execution.inline import evaluate_inline
from snas_cli.registry import Registry
from snas_cli.search.budget import Budget, epochs_of
from snas_cli.search.listener import Listener
from snas_cli.search.loop import Record
from snas_cli.search.rungs import Rungs
from tests.search import stub


def judge(candidate: Candidate) -> Evaluation:
    """Two epochs at each rung."""
    return Evaluation(stub.fitness(candidate.proposal.genome) + candidate.rung, {"epochs": 2.0})


def search(
    registry: Registry,
    budget: Budget,
    *,
    strategy: str = "evolution",
    record: Record = Record(),  # noqa: B008 - frozen
    listener: Listener | None = None,
    rungs: Rungs = Rungs(),  # noqa: B008 - frozen
) -> list[Trial]:
    options = {"pool": 1} if strategy == "evolution" else {}
    setup = stub.setup(registry, options=options, rungs=rungs.of)
    return stub.run(
        registry.strategy(strategy)(setup),
        generations=None,
        record=record,
        evaluate=partial(evaluate_inline, evaluate_one=judge),
        listener=listener,
        rungs=rungs,
        budget=budget,
    )


# --- trials ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["aging", "evolution", "local", "nsga2", "random"])
@pytest.mark.parametrize("trials", [1, 9, 10, 11, 26])
def test_there_are_as_many_trials_as_are_allowed(
    registry: Registry, strategy: str, trials: int
) -> None:
    assert len(search(registry, Budget(trials=trials), strategy=strategy)) == trials


def test_what_is_left_of_a_generation_waits_for_an_extension(registry: Registry) -> None:
    recorder = stub.Recorder()
    assert len(search(registry, Budget(trials=13), listener=recorder)) == 13
    assert [len(proposals) for proposals in recorder.proposals.values()] == [10, 8]


def test_a_generation_that_is_cut_is_not_over(registry: Registry) -> None:
    ended: list[int] = []

    class Watcher(Listener):
        def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
            ended.append(generation)

    trials = search(registry, Budget(epochs=26), listener=Watcher())
    assert {trial.generation for trial in trials} == {0, 1}
    assert ended == [0]


def test_room_is_what_is_left() -> None:
    trials = [trial(number) for number in range(12)]
    assert Budget(trials=20).room(trials) == 8
    assert Budget(trials=12).room(trials) == Budget(trials=5).room(trials) == 0
    assert Budget(epochs=1, seconds=1).room(trials) is None


# --- epochs ---------------------------------------------------------------------------------------


def trial(number: int, epochs: float | None = None, architecture: int | None = None) -> Trial:
    genome = Genome("any", Genes({"number": number if architecture is None else architecture}))
    metrics = {} if epochs is None else {"epochs": epochs}
    return Trial(number, 0, Proposal(genome, "random"), 0.5, metrics)


def test_an_architectures_epochs_count_once() -> None:
    """Number 1 was trained on from 2 to 6 epochs, and number 0 looked up."""
    trials = [trial(0, 3), trial(1, 2), trial(2, 3, 0), trial(3, 6, 1), trial(4)]
    assert epochs_of(trials) == 9
    assert epochs_of(trials[::-1]) == 9
    assert epochs_of([]) == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9))))
def test_more_trials_are_never_fewer_epochs(rows: list[tuple[int, int]]) -> None:
    trials = [trial(n, epochs, which) for n, (which, epochs) in enumerate(rows)]
    sums = [epochs_of(trials[:count]) for count in range(len(trials) + 1)]
    assert sums == sorted(sums)


@pytest.mark.parametrize(("epochs", "trials"), [(1, 1), (20, 10), (21, 11), (26, 13)])
def test_it_ends_with_the_trial_that_spends_the_epochs(
    registry: Registry, epochs: float, trials: int
) -> None:
    assert len(search(registry, Budget(epochs=epochs))) == trials


def test_a_repeated_architecture_costs_nothing(registry: Registry) -> None:
    """In a space that is used up, the search would go on for ever, were it not for its trials."""
    space = Space({"tiny": {"size": Numbers(1, 2, 3, 4, 5, 6, 7)}})
    trials = stub.run(
        registry.strategy("random")(stub.setup(registry, space=space)),
        generations=None,
        evaluate=lambda candidates: evaluate_inline(
            candidates, lambda c: Evaluation(c.proposal.genome.genes["size"], {"epochs": 2.0})
        ),
        budget=Budget(epochs=15, trials=50),
    )
    assert len(trials) == 50
    assert epochs_of(trials) == 14


# --- seconds --------------------------------------------------------------------------------------


class Clock:
    """Each evaluation takes ten seconds of it."""

    def __init__(self, already: float = 0) -> None:
        self.now = already

    def evaluate(self, candidates: Sequence[Candidate]) -> Iterator[Trial]:
        for candidate in candidates:
            self.now += 10
            yield from stub.evaluate([candidate])


@pytest.mark.parametrize(
    ("seconds", "reserve", "already", "trials"),
    [(100, 0, 0, 10), (101, 0, 0, 11), (150, 25, 0, 13), (150, 25, 40, 9), (40, 0, 35, 1)],
)
def test_time_for_the_end_is_kept(
    registry: Registry, seconds: float, reserve: float, already: float, trials: int
) -> None:
    clock = Clock(already)
    budget = Budget(seconds=seconds, elapsed=lambda: clock.now, reserve=lambda _trials: reserve)
    found = stub.run(
        registry.strategy("random")(stub.setup(registry)),
        generations=None, evaluate=clock.evaluate, budget=budget,
    )  # fmt: skip
    assert len(found) == trials


def halving(
    registry: Registry, seconds: float, recorder: stub.Recorder, already: float = 0
) -> list[Trial]:
    """A generation takes 150 seconds, for ten candidates and for the better five once more."""
    clock = Clock(already)
    found = stub.run(
        registry.strategy("random")(stub.setup(registry)),
        generations=None, evaluate=clock.evaluate, rungs=Rungs(2, 2),
        budget=Budget(seconds=seconds, elapsed=lambda: clock.now),
        listener=recorder, record=recorder.record(),
    )  # fmt: skip
    assert clock.now == max(already, min(seconds, clock.now)), "it ends in time"
    return found


@pytest.mark.parametrize(("seconds", "trials"), [(370, 20), (380, 28)])
def test_no_generation_in_rungs_begins_that_cannot_come_to_its_half(
    registry: Registry, seconds: float, trials: int
) -> None:
    """Of one that is cut short, hardly any has had its whole training."""
    assert len(halving(registry, seconds, stub.Recorder())) == trials


@pytest.mark.parametrize(
    ("seconds", "reached"),
    [(30, [1] * 3), (100, [1] * 10), (120, [1] * 8 + [2] * 2), (150, [1] * 5 + [2] * 5)],
)
def test_who_had_reached_a_rung_when_the_time_was_up_counts(
    registry: Registry, seconds: float, reached: list[int]
) -> None:
    """The best of those that were told to go on may not have had their turn."""
    recorder = stub.Recorder()
    found = halving(registry, seconds, recorder)
    assert sorted(len(trial.rungs) for trial in found) == reached
    assert [trial.number for trial in found] == list(range(len(found)))
    assert sorted([*recorder.trials, *recorder.halted], key=lambda t: t.number) == found
    again = stub.Recorder()
    again.proposals, again.trials = recorder.proposals, list(recorder.trials)
    again.rungs = list(recorder.rungs)
    assert halving(registry, seconds, again, already=seconds) == found, "in its finale, say"
    assert again.halted == recorder.halted
    assert (again.trials, again.rungs) == (recorder.trials, recorder.rungs)


@pytest.mark.parametrize("seconds", [30, 100, 120])
def test_with_more_time_it_goes_on_from_there(registry: Registry, seconds: float) -> None:
    recorder, at_once = stub.Recorder(), halving(registry, 600, stub.Recorder())
    halving(registry, seconds, recorder)
    assert halving(registry, 600, recorder, already=seconds) == at_once


def test_a_search_of_which_nothing_is_left_says_why(registry: Registry) -> None:
    """The time is up amid the first generation, in which all have failed so far."""
    clock = Clock()

    def fail(candidates: Sequence[Candidate]) -> Iterator[Trial]:
        for trial in clock.evaluate(candidates):
            yield replace(trial, fitness=None, reason="diverged")

    with pytest.raises(
        SearchError, match=r"all of the first 3 candidates failed, 3 of them with: diverged"
    ):
        stub.run(
            registry.strategy("random")(stub.setup(registry)), generations=None, evaluate=fail,
            budget=Budget(seconds=30, elapsed=lambda: clock.now),
        )  # fmt: skip


def test_the_search_has_most_of_the_time_whatever_the_end_would_take() -> None:
    elapsed = [0.0]
    greedy = Budget(seconds=90, elapsed=lambda: elapsed[0], reserve=lambda _trials: 1e9)
    elapsed[0] = 44
    assert greedy.spent([]) is None
    elapsed[0] = 90
    assert greedy.spent([]) == "90 seconds, less what the finale needs"


def test_the_end_is_foreseen_by_the_trials_so_far() -> None:
    budget = Budget(seconds=90, elapsed=lambda: 80, reserve=lambda trials: 5.0 * len(trials))
    assert budget.spent([trial(0)]) is None
    assert budget.spent([trial(0), trial(1)]) is not None


@pytest.mark.parametrize(
    ("budget", "words"),
    [(Budget(trials=3), "3 trials"), (Budget(epochs=4.5), "4.5 epochs"), (Budget(), None)],
)
def test_it_says_what_was_spent(budget: Budget, words: str | None) -> None:
    trials = [trial(number, 2) for number in range(3)]
    assert budget.spent(trials) == words
    assert budget.spent(trials[:2]) is None


# --- more of it -----------------------------------------------------------------------------------


HALVING = Rungs(2, 3)


@pytest.mark.parametrize("rungs", [Rungs(), HALVING], ids=["in-full", "halved"])
@pytest.mark.parametrize("epochs", [3, 20, 26, 40])
def test_more_epochs_end_as_if_they_had_been_allowed_at_once(
    registry: Registry, rungs: Rungs, epochs: float
) -> None:
    recorder = stub.Recorder()
    larger = Budget(epochs=70)
    first = search(registry, Budget(epochs=epochs), rungs=rungs, listener=recorder)
    at_once = search(registry, larger, rungs=rungs)
    assert len(first) < len(at_once)
    assert search(registry, larger, rungs=rungs, record=recorder.record()) == at_once


@pytest.mark.parametrize("trials", [10, 13, 18])
def test_more_trials_end_as_if_they_had_been_allowed_at_once(
    registry: Registry, trials: int
) -> None:
    recorder = stub.Recorder()
    search(registry, Budget(trials=trials), listener=recorder)
    extended = search(registry, Budget(trials=34), record=recorder.record())
    assert extended == search(registry, Budget(trials=34))


@pytest.mark.parametrize("rungs", [Rungs(), HALVING], ids=["in-full", "halved"])
@pytest.mark.parametrize(
    "budget",
    [
        Budget(trials=10),
        Budget(trials=13),
        Budget(epochs=20),
        Budget(epochs=26),
    ],
    ids=["trials", "trials-amid", "epochs", "epochs-amid"],
)
def test_what_has_spent_its_budget_is_not_gone_on_with(
    registry: Registry, budget: Budget, rungs: Rungs
) -> None:
    """When it was interrupted in its finale, say."""
    recorder = stub.Recorder()
    trials = search(registry, budget, rungs=rungs, listener=recorder)
    assert search(registry, budget, rungs=rungs, record=recorder.record()) == trials


@pytest.mark.parametrize("epochs", [20, 28])
def test_time_that_ran_out_meanwhile_loses_no_trial(registry: Registry, epochs: float) -> None:
    recorder = stub.Recorder()
    trials = search(registry, Budget(epochs=epochs), listener=recorder)
    late = Budget(seconds=60, elapsed=lambda: 61)
    assert search(registry, late, record=recorder.record()) == trials
