"""Which genomes are within a recipe's limits, which limit bites, and the least that there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache, partial
from math import fsum, inf, log
from random import Random

from snas_cli.api import Failure, Genome, guarded
from snas_cli.experiment.judging import Judge
from snas_cli.recipe.schema import LimitSettings
from snas_cli.search.wording import COSTS, cost_text

TRIES = 3  # steps at each gene, downhill; a number with two neighbours is missed one time in eight
SHOWN = 3  # families whose smallest network a message has
DRAWS, FEW = 300, 3  # fewer of so many within the limits are less than 1 % of the space


def limits_of(settings: LimitSettings) -> dict[str, float]:
    """The limits that are set, by the names of what they limit."""
    limits = settings.model_dump()
    return {name.removeprefix("max_"): limit for name, limit in limits.items() if limit is not None}


def exceeded(cost: Mapping[str, float], limits: Mapping[str, float]) -> list[str]:
    """The names of the limits that a network of this cost is over."""
    return [name for name, limit in limits.items() if cost.get(name, 0) > limit]


class Gate:
    """Is a genome within the recipe's limits? What cannot be built or measured passes: its trial
    will fail and say why. What takes long to measure can be left out."""

    def __init__(self, judge: Judge, *, measure: bool = True) -> None:
        self._judge = judge
        self._limits = limits_of(judge.recipe.limits)
        self._measure = measure
        self._within: dict[str, bool] = {}  # by fingerprint
        self._asked: Counter[str] = Counter()  # how many genomes, by limit
        self._over: Counter[str] = Counter()
        self.smallest = cache(self._smallest)

    def __call__(self, genome: Genome) -> bool:
        if not self._limits:
            return True
        if genome.fingerprint not in self._within:
            within = guarded(partial(self._is_within, genome))
            self._within[genome.fingerprint] = isinstance(within, Failure) or within
        return self._within[genome.fingerprint]

    def _is_within(self, genome: Genome) -> bool:
        """What takes longer to know is asked for only where all before is within the limits."""
        cost: dict[str, float] = {}
        for step in self._judge.cost_in_steps(genome):
            cost |= step
            if not self._passes(step):
                return False
        if not self._measure:
            return True
        if self._judge.surely_over(genome, cost):
            return self._passes({name: inf for name in self._limits if name not in cost})
        if self._passes(self._judge.measured(genome)):
            return True
        # With its smallest network known, most of the family need not be measured.
        guarded(partial(self._judge.measured, self.smallest(genome.family)))
        return False

    def _passes(self, cost: Mapping[str, float]) -> bool:
        over = exceeded(cost, self._limits)
        self._asked.update(name for name in self._limits if name in cost)
        self._over.update(over)
        return not over

    # --- which limit bites ------------------------------------------------------------------------

    def bites(self) -> list[tuple[str, int]]:
        """The limits that genomes were over, with how many genomes; the hardest first, which is the
        one over which are most of those that it was asked of."""
        return sorted(
            self._over.items(), key=lambda item: (-item[1] / self._asked[item[0]], -item[1])
        )

    def refusals(self) -> str:
        """What each limit refused, and the least there is of what the hardest one limits."""
        bites = self.bites()
        if not bites:
            return ""
        counts = ", ".join(f"{self.in_words(name)} refused {count}" for name, count in bites)
        return f"of {len(self._within)} tried, {counts}{self._least(bites[0][0])}"

    def in_words(self, name: str) -> str:
        """limits.max_params of 300k"""
        return f"limits.max_{name} of {cost_text(name, self._limits[name])}"

    def _least(self, name: str) -> str:
        costs: dict[str, float] = {}
        for family in self._judge.space.families:
            cost = guarded(partial(self._known_cost, self.smallest(family), name))
            if not isinstance(cost, Failure):
                costs[family] = cost
        if not costs:
            return ""
        order = sorted(costs, key=lambda family: costs[family])[:SHOWN]
        least = [f"{cost_text(name, costs[family])} ({family})" for family in order]
        return f"; the least there is, in {COSTS[name]}: {', '.join(least)}"

    def _known_cost(self, genome: Genome, name: str) -> float:
        cost = self._judge.cost(genome)
        return cost[name] if name in cost else self._judge.measured(genome)[name]

    # --- the smallest networks --------------------------------------------------------------------

    def _smallest(self, family: str) -> Genome:
        """Of a family, a genome that takes as little as can be of what is limited: the lowest, with
        the training settings that work for most, and from there downhill by small steps. (Lowest
        is not smallest: a small patch or stride makes large maps.)"""
        space, rng = self._judge.space, Random(0)
        best = space.started(space.extremes(family)[0])
        load, before = self._load(best), None
        while load != before:
            before = load
            for site in [site for site in space.sites(best) for _ in range(TRIES)]:
                genome = space.step(best, site, rng)
                if (lighter := self._load(genome)) < load:
                    best, load = genome, lighter
                    break
        return best

    def _load(self, genome: Genome) -> tuple[float, float]:
        """The share that it takes of the limit it is furthest over, and how much it takes of all
        things together. What has to be measured is left to the latter: it takes long."""
        cost = guarded(partial(self._judge.cost, genome))
        if isinstance(cost, Failure):
            return (float("inf"), 0)
        shares = [cost[name] / limit for name, limit in self._limits.items() if name in cost]
        return (max([1, *shares]), fsum(log(value) for value in cost.values() if value > 0))


def scarcity(judge: Judge) -> str | None:
    """A warning where less than 1 % of the space is within the limits, but for those that have to
    be measured."""
    gate, rng, passed = Gate(judge, measure=False), Random(0), 0
    for _ in range(DRAWS):
        passed += gate(judge.space.sample(rng))
        if passed == FEW:
            return None
    name, _ = gate.bites()[0]
    share = f"only {100 * passed / DRAWS:.1f} %" if passed else "next to nothing"
    return f"{share} of the space is within the limits; {gate.in_words(name)} refuses the most"
