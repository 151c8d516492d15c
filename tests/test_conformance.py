"""Every registered component passes the checks that plugin authors are given; bad ones do not."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from snas_cli.api import DataRequest, Genes, Genome, Operator, Proposal, Space, Strategy, Task
from snas_cli.api import Family as FamilyInterface
from snas_cli.registry import KINDS, Registry
from snas_cli.testing import check_component, check_dataset, check_family, check_operator
from snas_cli.testing import check_strategy as check

COMPONENTS = [
    part
    for kind in KINDS
    if kind != "dataset"
    for part in Registry.installed().components(kind)
    if part.origin.startswith("snas:")
]


@pytest.mark.parametrize("part", COMPONENTS, ids=lambda part: f"{part.kind}-{part.name}")
def test_ours_conform(part: Any, tmp_path: Path) -> None:
    check_component(part.kind, part.item, tmp_path)


def test_digits_conform(registry: Registry, tmp_path: Path) -> None:
    data = check_dataset(registry.dataset("digits"), DataRequest(None, tmp_path))
    assert len(data.train.labels) == 1797


class Forgetful(Operator):
    name = "forgetful"

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        return genome


class Outlaw(Operator):
    name = "outlaw"

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        return Genome(genome.family, genome.genes.replace(dropout=0.9))


class Moody(Operator):
    name = "moody"
    chance = Random(0)

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        return space.sample(self.chance)


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Forgetful(), "never changes anything"),
        (Outlaw(), "not of|not an architecture"),
        (Moody(), "draws chance from elsewhere"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_bad_operators_are_caught(operator: Operator, message: str) -> None:
    with pytest.raises(Exception, match=message):
        check_operator(operator)


class Greedy(Strategy):
    """Learns in `ask`, which a resumed search would not repeat."""

    name = "greedy"
    asked = 0

    def ask(self, rngs: Any) -> list[Proposal]:
        self.asked += 1
        space = self.setup.space
        return [Proposal(space.sample(Random(self.asked)), "random") for _ in rngs]

    def tell(self, trials: Any) -> None:
        pass


def test_a_strategy_that_learns_in_ask_is_caught() -> None:
    with pytest.raises(AssertionError, match="ask changes the strategy"):
        check(Greedy)


class Idle(FamilyInterface):
    name = "idle"
    genes: dict[str, Any] = {}

    def build(self, genes: Genes, task: Task) -> Any:
        from torch import nn

        class Network(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.used = nn.LazyLinear(task.classes)
                self.unused = nn.Linear(3, 3)

            def forward(self, x: Any) -> Any:
                return self.used(x.flatten(1))

        return Network()


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_a_family_with_idle_weights_is_caught() -> None:
    with pytest.raises(AssertionError, match=r"unused\.weight has no gradient"):
        check_family(Idle())
