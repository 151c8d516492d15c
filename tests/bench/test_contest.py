"""Strategies compete on equal terms, and the numbers say what they are said to."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from random import Random
from xml.etree import ElementTree as ET

import pytest

from snas_cli.api import Proposal, Strategy, Trial, hookimpl
from snas_cli.bench.cells import best_validation
from snas_cli.bench.contest import (
    Arena,
    Contest,
    Contestant,
    Line,
    bundled,
    checkpoints,
    registry_with,
)
from snas_cli.bench.drawing import regret_drawing
from snas_cli.errors import SnasError
from snas_cli.registry import GROUP, Registry

RANDOM = Contestant("random", "random")


class Strangers(Strategy):
    """Draws anything, one at a time."""

    name = "strangers"

    @property
    def batch_size(self) -> int:
        return 1

    def ask(self, rngs: Sequence[Random]) -> list[Proposal]:
        return [Proposal(self.setup.space.sample(rng), "random") for rng in rngs]

    def tell(self, trials: Sequence[Trial]) -> None:
        pass


@hookimpl
def snas_register_strategies() -> list[type[Strategy]]:
    return [Strangers]


def test_regret_falls_and_depends_on_the_seed_alone() -> None:
    contest = Contest(30, 2)
    curve = contest.regrets(RANDOM, 1)
    assert len(curve) == 30
    assert curve == sorted(curve, reverse=True)
    assert curve == contest.regrets(RANDOM, 1) != contest.regrets(RANDOM, 2)
    assert 0 <= curve[-1] < 100 * best_validation()


def test_every_strategy_is_judged_by_the_same_table() -> None:
    names = bundled().registry.names("strategy")
    assert {"aging", "evolution", "random"} <= set(names)
    contest = Contest(12, 2)
    for name in names:
        (trials,) = [contest.search(Contestant(name, name), 0)]
        assert len(trials) == 12
        assert all(trial.fitness for trial in trials)


def test_a_strategy_of_somebody_elses_competes() -> None:
    plugin = EntryPoint("strangers", __name__, GROUP)
    assert "strangers" not in bundled().registry.names("strategy")
    table = EntryPoint("bench", "snas_cli.bench.cells", GROUP)
    registry = Registry([*entry_points(group=GROUP), table, plugin])
    arena = Arena(registry, "bench_cell", {"name": "bench_table"}, best_validation())
    contest = Contest(8, 2, arena=lambda: arena)
    held = list(contest.hold([Contestant("mine", "strangers"), RANDOM], workers=1))
    assert [each.title for each, _ in held] == ["mine", "mine", "random", "random"]


def test_processes_give_what_one_gives() -> None:
    contest = Contest(6, 2)
    alone = list(contest.hold([RANDOM], workers=1))
    assert list(contest.hold([RANDOM], workers=2)) == alone


@pytest.mark.parametrize(
    ("contestant", "said"),
    [
        (Contestant("a", "agin"), "no strategy 'agin'; did you mean 'aging'"),
        (Contestant("a", "local", {"search.options.batch": 1}), "has no option 'batch'"),
        (Contestant("a", "random", {"search.elites": 10}), "elites must be fewer"),
    ],
)
def test_faults_are_said_before_anything_is_searched(contestant: Contestant, said: str) -> None:
    with pytest.raises(SnasError, match=said):
        next(Contest(1_000_000, 2).hold([RANDOM, contestant], workers=1))


def test_the_mean_its_interval_and_the_comparison() -> None:
    line = Line("a", [[4, 2], [4, 1], [4, 3]])
    assert (line.mean(1), line.half_width(1)) == (4, 0)
    assert line.mean(2) == 2
    assert line.half_width(2) == pytest.approx(4.3027 / 3**0.5, abs=1e-4)  # Student's t, 2 degrees
    assert line.at(99) == [2, 1, 3], "a search that ended early has its last"
    assert line.against(Line("b", [[4, 3], [4, 1], [4, 1]]), 2) == (1, 1)


def test_checkpoints_are_a_quarter_a_half_and_all() -> None:
    assert checkpoints(100) == (25, 50, 100)
    assert checkpoints(4) == (1, 2, 4)


def test_the_drawing_has_a_curve_and_a_name_for_each() -> None:
    lines = [Line(f"<{n}>", [[3.0 + n] * 20, [1.0 + n] * 20]) for n in range(8)]
    root = ET.fromstring(regret_drawing(lines, 20, "about"))  # noqa: S314 - we drew it
    drawn = root.findall("{*}polyline")
    assert len({(line.get("stroke"), line.get("stroke-dasharray")) for line in drawn}) == 8
    names = [text.text for text in root.findall("{*}text") if text.get("class") == "name"]
    assert names == [line.title for line in lines]


def test_a_plugin_that_is_installed_is_not_loaded_twice() -> None:
    registry = registry_with(EntryPoint("again", "snas_plugins.strategies.aging", GROUP))
    assert registry.clashes() == []
    assert "aging" in registry.names("strategy")
