"""What `aging`, `local` and `nsga2` have in common: founders, levels, children, their options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from snas_cli.api import (
    Candidate,
    CandidateError,
    Evaluation,
    Layers,
    Ordinal,
    SearchError,
    SearchSetup,
    Space,
    Trial,
)
from snas_cli.execution.inline import evaluate_inline
from snas_cli.registry import Registry
from snas_cli.search.loop import seeded
from tests.search import stub

NAMES = ["aging", "local", "nsga2"]
STACK = {"layers": Layers(1, 2, {"width": Ordinal(1, 2)}), "rate": Ordinal(1, 2, 4, start=2)}
DEEPER = {"layers": Layers(2, 5, {"width": Ordinal(1, 2, 4)}), "rate": Ordinal(1, 2, 4, start=2)}
LEVELS = (
    Space({"a": STACK, "b": STACK}),
    Space({"a": DEEPER, "b": DEEPER, "c": STACK, "d": STACK, "e": STACK}),
    Space(dict.fromkeys("abcdefgh", DEEPER)),
)
LOST = (Space({"a": STACK}), Space({"b": DEEPER, "c": DEEPER}))
LINE = (Space({"line": {"x": Ordinal(*range(70))}}),)  # where local searches end soon


def progressive(
    registry: Registry, levels: Sequence[Space] = LEVELS, **changes: Any
) -> SearchSetup:
    settings = {"generations": 6, "space": levels[-1], "levels": levels, **changes}
    return stub.setup(registry, **settings)


def run(registry: Registry, name: str, setup: SearchSetup, **changes: Any) -> list[Trial]:
    settings = {"generations": 6, "evaluate": stub.by_fingerprint, **changes}
    return stub.run(registry.strategy(name)(setup), **settings)


@pytest.mark.parametrize("name", NAMES)
def test_each_generation_keeps_to_its_level(registry: Registry, name: str) -> None:
    setup = progressive(registry)
    for trial in run(registry, name, setup):
        level = setup.level(trial.generation)
        assert level.from_json(trial.genome.to_json()) == trial.genome


@pytest.mark.parametrize(
    ("name", "options"),
    [("aging", {}), ("aging", {"batch": 1}), ("aging", {"batch": 3}), ("local", {}), ("nsga2", {})],
)
def test_every_family_founds_a_line(registry: Registry, name: str, options: Any) -> None:
    """Also where more families enter than a generation has places; the first line of each is
    started."""
    setup = progressive(registry, population_size=4, generations=30, options=options)
    trials = run(registry, name, setup, generations=30)
    founders = [trial for trial in trials if not trial.proposal.parents]
    first_lines = {trial.genome.family: trial for trial in reversed(founders)}
    assert set(first_lines) == set("abcdefgh")
    assert all(trial.proposal.operator == "start" for trial in first_lines.values())
    assert all(trial.genome.genes["rate"] == 2 for trial in first_lines.values())


@pytest.mark.parametrize("name", NAMES)
def test_families_found_as_many_lines_each(registry: Registry, name: str) -> None:
    trials = run(registry, name, stub.setup(registry), generations=1)
    assert [trial.genome.family for trial in trials] == ["tall", "wide"] * 5
    assert [trial.proposal.operator for trial in trials[:5]] == [
        "start", "start", "random", "random", "start",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_family_beyond_the_limits_does_not_found_for_ever(registry: Registry, name: str) -> None:
    setup = stub.setup(registry, admit=lambda genome: genome.family == "tall")
    trials = run(registry, name, setup, generations=5)
    assert {trial.genome.family for trial in trials} == {"tall"}
    assert all(trial.proposal.parents for trial in trials[10:])


@pytest.mark.parametrize("name", NAMES)
def test_a_level_may_leave_a_family_behind(registry: Registry, name: str) -> None:
    trials = run(registry, name, progressive(registry, LOST))
    assert {t.genome.family for t in trials if t.generation < 2} == {"a"}
    assert {t.genome.family for t in trials if t.generation >= 2} <= {"b", "c"}


@pytest.mark.parametrize("levels", [LEVELS, LOST, LINE], ids=["all", "lost", "line"])
@pytest.mark.parametrize("name", NAMES)
def test_a_new_instance_that_is_told_the_same_goes_on_in_the_same_way(
    registry: Registry, name: str, levels: Sequence[Space]
) -> None:
    setup = progressive(registry, levels)
    trials = run(registry, name, setup)
    told = registry.strategy(name)(setup)
    for generation in range(6):
        made = [trial for trial in trials if trial.generation == generation]
        assert told.batch_size == len(made)
        rngs = [seeded(0, "proposal", trial.number) for trial in made]
        assert told.ask(rngs) == [trial.proposal for trial in made]
        told = registry.strategy(name)(setup)
        for earlier in range(generation + 1):
            told.tell([trial for trial in trials if trial.generation == earlier])


@pytest.mark.parametrize("name", NAMES)
def test_parents_are_earlier_trials_that_did_not_fail(registry: Registry, name: str) -> None:
    def judge(candidate: Candidate) -> Evaluation:
        if candidate.number % 2:
            raise CandidateError("diverged")
        return stub.judge(candidate)

    trials = run(
        registry,
        name,
        stub.setup(registry),
        evaluate=lambda candidates: evaluate_inline(candidates, judge),
    )
    children = [trial for trial in trials if trial.proposal.parents]
    assert children
    for child in children:
        assert all(trials[n].generation < child.generation for n in child.proposal.parents)
        assert not any(trials[n].failed for n in child.proposal.parents)


@pytest.mark.parametrize("name", NAMES)
def test_a_space_that_is_used_up_ends_nothing(registry: Registry, name: str) -> None:
    space = Space({"tiny": {"size": Ordinal(1, 2, 3, 4, 5, 6, 7)}})
    trials = run(registry, name, stub.setup(registry, space=space), generations=3)
    assert len({trial.genome.fingerprint for trial in trials}) == 7


@pytest.mark.parametrize("name", NAMES)
def test_unknown_options_are_refused(registry: Registry, name: str) -> None:
    with pytest.raises(SearchError, match=rf"the strategy '{name}' has no option 'batsh'"):
        registry.strategy(name)(stub.setup(registry, options={"batsh": 1}))


@pytest.mark.parametrize("name", NAMES)
def test_it_beats_random_search(registry: Registry, name: str) -> None:
    """By the mean of the best of 50 trials over 20 seeds, on the formula."""

    def mean_best(name: str) -> float:
        setup = stub.setup(registry)
        searches = (
            run(registry, name, setup, generations=9, seed=seed, evaluate=stub.evaluate)[:50]
            for seed in range(20)
        )
        return sum(max(t.fitness or 0 for t in trials) for trials in searches) / 20

    assert mean_best(name) > mean_best("random") + 0.1
