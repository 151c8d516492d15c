"""Evolution on its way through the levels of a progressive search."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from snas_cli.api import SearchSetup, Trial
from snas_cli.recipe.document import parse_document
from snas_cli.recipe.loading import check
from snas_cli.recipe.resolve import setup_of, space_of
from snas_cli.registry import Registry
from tests.search import stub


def setup(registry: Registry, text: str = "") -> SearchSetup:
    recipe = check(parse_document(f"data: {{dataset: digits}}\n{text}", "r.yaml"), registry)
    space = space_of(recipe.space, registry)
    return setup_of(recipe, registry, space, lambda _genome: True)


def run(registry: Registry, setup: SearchSetup, generations: int = 6) -> list[Trial]:
    strategy = registry.strategy("evolution")(setup)
    return stub.run(strategy, generations=generations, evaluate=stub.by_fingerprint)


def families(trials: list[Trial], generation: int) -> Counter[str]:
    return Counter(t.genome.family for t in trials if t.generation == generation)


def test_it_begins_simple_and_ends_with_everything(registry: Registry) -> None:
    chosen = setup(registry)
    trials = run(registry, chosen)
    for trial in trials:
        level = chosen.level(trial.generation)
        assert level.from_json(trial.genome.to_json()) == trial.genome
    assert set(families(trials, 0)) == set(families(trials, 1)) == {"cnn", "mlp"}
    assert {"enhanced_mlp", "mobilenet", "resnet"} <= families(trials, 2).keys()
    late = {"densenet", "efficientnet", "mlp_mixer", "shufflenetv2", "vit"}
    assert late <= families(trials, 4).keys()


def test_each_family_that_enters_founds_a_line(registry: Registry) -> None:
    trials = run(registry, setup(registry))
    for generation in (2, 4):
        founders = [t for t in trials if t.generation == generation and not t.proposal.parents]
        assert Counter(t.genome.family for t in founders).most_common(1)[0][1] == 1
        assert all(t.proposal.operator == "start" for t in founders)


def test_an_extended_search_stays_at_the_last_level(registry: Registry) -> None:
    chosen = setup(registry)
    trials = run(registry, chosen, generations=9)
    assert chosen.level(8) is chosen.levels[-1]
    assert families(trials, 8)


def test_a_search_without_levels_has_all_from_the_start(registry: Registry) -> None:
    text = "search: {progressive: false, population_size: 20}"
    assert set(families(run(registry, setup(registry, text)), 0)) == set(registry.names("family"))


@pytest.mark.parametrize("generations", [1, 2, 3])
def test_few_generations_do(registry: Registry, generations: int) -> None:
    chosen = setup(registry, f"search: {{generations: {generations}}}")
    assert len(run(registry, chosen, generations)) >= 10


def test_a_level_may_leave_a_family_behind(registry: Registry) -> None:
    """Its members are no parents any more; what lives of the others goes on, or is founded."""
    text = "space: {levels: [{families: [mlp]}, {families: [cnn, vit]}]}"
    trials = run(registry, setup(registry, text))
    assert set(families(trials, 0)) == {"mlp"}
    assert set(families(trials, 3)) == {"cnn", "vit"}
    assert set(families(trials, 5)) <= {"cnn", "vit"}


def test_it_goes_on_in_the_same_way_when_it_is_resumed(registry: Registry) -> None:
    chosen = setup(registry)
    trials = run(registry, chosen)
    recorded = trials[:31]
    again = stub.run(
        registry.strategy("evolution")(replace(chosen)),
        generations=6,
        evaluate=stub.by_fingerprint,
        recorded=recorded,
    )
    assert again == trials
