"""Limits: what is asked for last, which of them bites, and the least there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from snas_cli.api import CandidateError, Genome, Space, Task
from snas_cli.errors import RunError
from snas_cli.experiment.judging import Judge
from snas_cli.experiment.limits import Gate, scarcity
from snas_cli.recipe.resolve import own_space
from snas_cli.recipe.schema import LimitSettings
from snas_cli.registry import Registry
from snas_cli.training.cost import measure_cost
from tests.search import stub


class Pretended(SimpleNamespace):
    """A judge by whom a wide genome costs its size, and a tall one 99."""

    space: Space = stub.SPACE

    def __init__(self, **limits: Any) -> None:
        settings = LimitSettings(**{"max_flops": None, **limits})
        super().__init__(recipe=SimpleNamespace(limits=settings), timed=[])

    def cost(self, genome: Genome) -> Mapping[str, float]:
        return {"params": genome.genes["size"] if genome.family == "wide" else 99}

    def cost_in_steps(self, genome: Genome) -> Iterator[Mapping[str, float]]:
        for name, value in self.cost(genome).items():
            yield {name: value}

    def measured(self, genome: Genome) -> Mapping[str, float]:
        self.timed.append(genome)
        return {"latency_ms": genome.genes.get("size", 50)}

    def surely_over(self, genome: Genome, cost: Mapping[str, float]) -> bool:
        return bool(self.timed) and cost["params"] > 16


def gate(judge: Pretended, **options: bool) -> Gate:
    return Gate(cast("Judge", judge), **options)


def wide(size: int) -> Genome:
    return stub.SPACE.genome("wide", {"size": size, "flag": True, "rate": 0.1})


def test_what_takes_long_is_asked_for_last() -> None:
    judge = Pretended(max_params=8, max_latency_ms=8)
    admit = gate(judge)
    assert [admit(wide(size)) for size in (4, 8, 16, 4)] == [True, True, False, True]
    assert judge.timed == [wide(4), wide(8)]


def test_a_cost_is_asked_for_only_where_what_is_quicker_to_know_is_within_its_limit() -> None:
    judge = Pretended(max_params=8, max_flops=4)
    asked = []

    def in_steps(genome: Genome) -> Iterator[Mapping[str, float]]:
        yield {"params": genome.genes["size"]}
        asked.append(genome)
        yield {"flops": genome.genes["size"]}

    judge.cost_in_steps = in_steps
    admit = gate(judge)
    assert [admit(wide(size)) for size in (4, 8, 16, 32)] == [True, False, False, False]
    assert asked == [wide(4), wide(8)]
    # Of four, two have too many parameters; of the two that are left, one too many operations.
    assert admit.bites() == [("params", 2), ("flops", 1)]


def test_the_hardest_limit_is_the_one_that_most_fail_of_those_that_come_to_it() -> None:
    admit = gate(Pretended(max_params=16, max_latency_ms=1))
    assert not any(admit(wide(size)) for size in (4, 8, 16, 32))
    assert admit.bites() == [("latency_ms", 3), ("params", 1)]


def test_after_a_slow_network_the_smallest_of_its_family_is_known() -> None:
    judge = Pretended(max_latency_ms=4)
    admit = gate(judge)
    assert not admit(wide(8))
    assert [genome.genes["size"] for genome in judge.timed] == [8, 1]
    assert not admit(wide(32))  # surely
    assert len(judge.timed) == 2
    assert admit.bites() == [("latency_ms", 2)]


def test_what_is_measured_can_be_left_out() -> None:
    judge = Pretended(max_params=8, max_latency_ms=1)
    assert gate(judge, measure=False)(wide(8))
    assert not judge.timed


def test_the_limit_that_bites_is_named_with_the_least_there_is() -> None:
    admit = gate(Pretended(max_params=1, max_latency_ms=1))
    assert admit.refusals() == ""
    assert not admit(wide(2))
    assert not admit(wide(4))
    assert admit.refusals() == (
        "of 2 tried, limits.max_params of 1 refused 2; the least there is, in parameters: "
        "1 (wide), 99 (tall)"
    )


def test_the_least_of_what_is_measured_is_measured() -> None:
    admit = gate(Pretended(max_latency_ms=0.5))
    assert not admit(wide(2))
    assert "the least there is, in latency: 1 ms (wide), 50 ms (tall)" in admit.refusals()


@pytest.mark.parametrize("what", ["cost", "measured"])
def test_what_cannot_be_judged_passes_for_its_trial_says_why(what: str) -> None:
    def broken(_genome: Genome) -> Mapping[str, float]:
        raise CandidateError("cannot be built")

    judge = Pretended(max_params=10, max_latency_ms=10)
    setattr(judge, what, broken)
    assert gate(judge)(wide(8))


def test_what_is_wrong_with_the_run_is_no_matter_of_one_genome() -> None:
    def full(_genome: Genome) -> Mapping[str, float]:
        raise RunError("the disk is full")

    judge = Pretended(max_latency_ms=10)
    judge.measured = full
    with pytest.raises(RunError, match="disk is full"):
        gate(judge)(wide(8))


@pytest.mark.parametrize(
    ("limits", "warning"),
    [
        ({}, None),
        ({"max_params": 16}, None),
        ({"max_params": 1, "max_latency_ms": 1}, None),  # a twelfth
        (
            {"max_size_bytes": 4},
            "next to nothing of the space is within the limits; limits.max_size_bytes of 4B "
            "refuses the most",
        ),
    ],
)
def test_a_warning_where_hardly_anything_is_within_the_limits(
    limits: dict[str, Any], warning: str | None
) -> None:
    judge = Pretended(**limits)
    judge.cost = lambda genome: {"size_bytes": 5, **Pretended.cost(judge, genome)}
    assert scarcity(cast("Judge", judge)) == warning
    assert not judge.timed


def test_the_share_is_told_where_there_is_any() -> None:
    judge = Pretended(max_params=1)
    drawn = iter(range(1000))
    judge.cost = lambda _genome: {"params": 1 if next(drawn) == 7 else 2}
    warning = scarcity(cast("Judge", judge))
    assert warning is not None
    assert warning.startswith("only 0.3 % of the space")


@pytest.mark.parametrize("name", ["cnn", "mlp_mixer", "resnet"])
def test_the_smallest_is_smaller_than_the_lowest_where_that_is_no_minimum(
    registry: Registry, name: str
) -> None:
    """The least patch of a mixer makes the most tokens; without bottlenecks a ResNet is larger."""
    family, task = registry.family(name), Task((1, 8, 8), 10)
    judge = Pretended(max_params=1)
    judge.space = own_space(family)
    judge.cost = lambda genome: vars(measure_cost(family, genome.genes, task))
    lowest, _ = judge.space.extremes(name)
    smallest = gate(judge).smallest(name)
    less, least = judge.cost(smallest), judge.cost(lowest)
    assert less["params"] <= least["params"]
    assert less["flops"] <= least["flops"]
    assert (name == "cnn") == (less["flops"] == least["flops"])
    assert smallest.genes["learning_rate"] == 0.01  # that works for most
