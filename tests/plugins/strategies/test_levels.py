"""Evolution on its way through the levels of a progressive search."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from snas_cli.api import SearchSetup, Trial
from snas_cli.experiment.judging import Judge
from snas_cli.experiment.planning import planned_generations, setup_for
from snas_cli.recipe.document import parse_document
from snas_cli.recipe.loading import check
from snas_cli.recipe.resolve import space_of
from snas_cli.registry import Registry
from snas_cli.search.listener import Listener
from tests.search import stub


def setup(registry: Registry, text: str = "") -> SearchSetup:
    recipe = check(parse_document(f"data: {{dataset: digits}}\n{text}", "r.yaml"), registry)
    judge = SimpleNamespace(
        recipe=recipe, registry=registry, space=space_of(recipe.space, registry),
        cost=lambda _genome: {}, proxies=lambda _genome, _names: {},
    )  # fmt: skip
    return setup_for(cast("Judge", judge), planned_generations(recipe.search))


def run(
    registry: Registry,
    setup: SearchSetup,
    generations: int = 6,
    listener: Listener | None = None,
) -> list[Trial]:
    strategy = registry.strategy("evolution")(setup)
    return stub.run(
        strategy, generations=generations, evaluate=stub.by_fingerprint, listener=listener
    )


def families(trials: list[Trial], generation: int) -> Counter[str]:
    return Counter(t.genome.family for t in trials if t.generation == generation)


def test_it_begins_simple_and_ends_with_everything(registry: Registry) -> None:
    chosen = setup(registry)
    trials = run(registry, chosen)
    for trial in trials:
        level = chosen.level(trial.generation)
        assert level.from_json(trial.genome.to_json()) == trial.genome
    assert set(families(trials, 0)) == {"cnn", "mlp"}
    assert {"enhanced_mlp", "mobilenet", "resnet"} <= families(trials, 1).keys()
    late = {"densenet", "efficientnet", "mlp_mixer", "shufflenetv2", "vit"}
    assert late <= families(trials, 2).keys()


def test_each_family_that_enters_founds_a_line(registry: Registry) -> None:
    trials = run(registry, setup(registry))
    for generation in (1, 2):
        founders = [
            t
            for t in trials
            if t.generation == generation and t.proposal.operator in ("textbook", "start")
        ]
        assert Counter(t.genome.family for t in founders).most_common(1)[0][1] == 1


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
    assert set(families(trials, 2)) == {"cnn", "vit"}
    assert set(families(trials, 5)) <= {"cnn", "vit"}


def test_it_goes_on_in_the_same_way_when_it_is_resumed(registry: Registry) -> None:
    chosen = setup(registry)
    recorder = stub.Recorder()
    trials = run(registry, chosen, listener=recorder)
    again = stub.run(
        registry.strategy("evolution")(replace(chosen)),
        generations=6,
        evaluate=stub.by_fingerprint,
        record=recorder.record(trials=31, generations=4),
    )
    assert again == trials
