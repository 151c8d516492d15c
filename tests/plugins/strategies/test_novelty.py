"""Where hardly anything is within the limits: small networks, and the steps around them."""

from __future__ import annotations

from functools import partial
from random import Random

import pytest
from snas_plugins.strategies._novelty import BARREN, DRAWS, Novelty, random_proposal

from snas_cli.api import Flag, Genome, Layers, Ordinal, Proposal, SearchError, SearchSetup, Space
from snas_cli.registry import Registry
from tests.search import stub

WIDE = {"x": Ordinal(*range(50)), "y": Ordinal(*range(50)), "rate": Ordinal(1, 2, start=2)}
DEEP = {"layers": Layers(1, 9, {"x": Ordinal(*range(20))}), "flag": Flag()}
SPACE = Space({"deep": DEEP, "wide": WIDE})
EMPTY = Space({"deep": DEEP, "odd": WIDE, "wide": WIDE})


def tight(genome: Genome) -> bool:
    """24 of 5,000 wide genomes."""
    return genome.family == "wide" and genome.genes["x"] + genome.genes["y"] < 4


def setup(registry: Registry, space: Space = SPACE, **changes: object) -> SearchSetup:
    return stub.setup(registry, space=space, **{"admit": tight, **changes})


def drawn(setup: SearchSetup, count: int, family: str | None = None) -> list[Proposal]:
    novelty, batch, rng = Novelty(setup), set[str](), Random(0)
    draw = partial(random_proposal, setup.space, rng, family)
    return [novelty.first_new(draw, batch) for _ in range(count)]


def test_what_is_rare_is_found_and_each_only_once(registry: Registry) -> None:
    proposals = drawn(setup(registry), 15)
    assert all(tight(proposal.genome) for proposal in proposals)
    assert len({proposal.genome.fingerprint for proposal in proposals}) == 15
    assert {proposal.operator for proposal in proposals} == {"random"}


def test_the_search_of_small_ones_begins_in_the_family_that_was_drawn(registry: Registry) -> None:
    admit = [lambda genome: genome == SPACE.extremes("deep")[0] or tight(genome)]
    (deep,) = drawn(setup(registry, admit=admit[0]), 1, "deep")
    assert deep.genome == SPACE.extremes("deep")[0]


def test_a_family_without_any_is_left_for_others(registry: Registry) -> None:
    (proposal,) = drawn(setup(registry), 1, "deep")
    assert tight(proposal.genome)


def test_the_first_has_the_settings_that_work_for_most(registry: Registry) -> None:
    (proposal,) = drawn(setup(registry), 1, "wide")
    assert proposal.genome == SPACE.genome("wide", {"x": 0, "y": 0, "rate": 2})


def test_the_setup_can_know_better_what_is_small(registry: Registry) -> None:
    """As where the lowest genes do not make the smallest network."""
    small = SPACE.genome("wide", {"x": 49, "y": 49, "rate": 1})
    changes = {"admit": lambda g: g.genes.get("y") == 49 and g.genes["x"] > 45,
               "smallest": lambda family: small if family == "wide" else
               SPACE.extremes(family)[0]}  # fmt: skip
    proposals = drawn(setup(registry, **changes), 4)
    assert small in {proposal.genome for proposal in proposals}


def test_in_place_of_a_child_it_has_no_parents_and_another_name(registry: Registry) -> None:
    child = Proposal(SPACE.extremes("wide")[1], "crossover+point", (3, 4))
    proposal = Novelty(setup(registry)).first_new(lambda: child, set())
    assert (proposal.operator, proposal.parents) == ("smallest", ())


def test_where_it_is_used_up_one_is_repeated(registry: Registry) -> None:
    """All of 24 are found, or nearly, before any is drawn again."""
    proposals = drawn(setup(registry), 30, "wide")
    found = {proposal.genome.fingerprint for proposal in proposals}
    assert 15 <= len(found) <= 24
    assert len({p.genome.fingerprint for p in proposals[:15]}) == 15


def test_what_is_not_rare_is_drawn(registry: Registry) -> None:
    draws = []

    def draw() -> Proposal:
        draws.append(random_proposal(SPACE, Random(len(draws)), "wide"))
        return draws[-1]

    admit = lambda genome: genome.genes["x"] < 4  # noqa: E731 - 8 %
    proposal = Novelty(setup(registry, admit=admit)).first_new(draw, set())
    assert proposal is draws[-1]
    assert len(draws) <= BARREN


def test_where_there_is_nothing_the_error_says_which_limit_bites(registry: Registry) -> None:
    changes = {"admit": lambda _genome: False, "refusals": lambda: "max_params refused all"}
    with pytest.raises(SearchError, match=f"none of {DRAWS} .* any family; max_params refused all"):
        drawn(setup(registry, **changes), 1)


@pytest.mark.parametrize("name", ["evolution", "aging", "nsga2", "local", "random"])
def test_every_strategy_searches_where_hardly_anything_is_allowed(
    registry: Registry, name: str
) -> None:
    chosen = setup(registry, population_size=4)
    trials = stub.run(registry.strategy(name)(chosen), evaluate=stub.by_fingerprint, generations=4)
    assert all(tight(trial.genome) for trial in trials)
    assert len({trial.genome.fingerprint for trial in trials}) >= 10
