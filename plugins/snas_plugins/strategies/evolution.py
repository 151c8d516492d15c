"""Evolution, the default: what is bred is screened by a model of the run's own trials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from snas_cli.api import (
    ACCURACY,
    Proposal,
    SearchSetup,
    Strategy,
    Trial,
    diversity,
    hookimpl,
)
from snas_plugins.strategies._breeding import Breeder
from snas_plugins.strategies._options import check_options, whole_number
from snas_plugins.strategies._surrogate import fit
from snas_plugins.strategies._trust import trusted

if TYPE_CHECKING:
    from snas_plugins.strategies._surrogate import Surrogate
    from snas_plugins.strategies._trust import Verdict

POOL = 30  # children bred for each that is trained
ROUNDS, REFINED = 2, 4  # how often the best of a pool are mutated once more, and how many of them
UNSCREENED = 5  # over the number of trials: the share of children that are the first of their pool
DARING = 2.5  # the spread of the width of confidence bounds, in standard deviations
LEARNED = 8  # trials from which on there is a model
NICHE_SHARE = 0.4  # of all children are bred within one family
FRESH, FRESH_IF_ALIKE = 0.2, 0.5  # of a pool is drawn at random
ALIKE = 0.5  # of the founders' diversity: less than that is too little
SHORTLIST = 5  # children of a pool whose proxies are computed
JUDGED = 500  # trials, the latest, that proxies and rungs are judged by
PROMOTED = 3  # one in so many at a rung may go on, whatever its generation


Pool = dict[str, tuple[float, Proposal]]
"""Children by their fingerprints, with what each promises."""


@dataclass(frozen=True)
class Taste:
    """What a child is chosen by."""

    daring: float  # standard deviations that an uncertain promise is raised by
    weights: tuple[float, ...]  # of the objectives

    @classmethod
    def drawn(cls, rng: Random, objectives: int) -> Taste:
        weights = tuple(rng.expovariate(1) for _ in range(objectives))
        return cls(abs(rng.gauss(0, DARING)), weights)


class Evolution(Strategy):
    """A population that is replaced by its children, but for its elites, each generation.

    Of the many children that are bred, by tournament selection, crossover and mutation, one is
    trained: the one that promises most. What it promises is foretold by a Gaussian process that has
    learned from the run's trials (see `_surrogate`), as an upper confidence bound (Srinivas et al.
    2010) whose width is drawn anew for each child, so that a generation holds cautious and daring
    ones. Some are bred without the model, which has learned from what it chose itself and might
    never see where it is wrong: half of them at first, and the fewer the more trials there are
    (ε_n-greedy: Auer et al. 2002, figure 3). Zero-cost proxies have their say once they have proved
    themselves on the data (see `_trust`). With several objectives each child weighs them in its own
    way (ParEGO: Knowles 2006).

    Families are niches (Mahfoud 1995): the champion of each stays a parent, and some children are
    bred within one family, the better ones more often. A kind of network that learns slowly at
    first, as convolutions do next to perceptrons, is not lost to one that is quick. Where the
    population has lost its diversity, genes mutate twice as often and half of a pool is new blood.

    Options: `pool`, the children bred for each that is trained; 1 is evolution without a model.
    """

    name = "evolution"
    wants_proxies = True

    def __init__(self, setup: SearchSetup) -> None:
        super().__init__(setup)
        check_options(self.name, setup.options, ("pool",))
        self._pool = whole_number(setup.options, "pool") or POOL
        self._breeder = Breeder(setup)
        self._population: list[Trial] = []  # best first
        self._told: list[Trial] = []
        self._founders_diversity = 0.0
        self._diversity = 1.0
        self._verdicts: list[Verdict] = []
        self._remarks: list[str] = []

    @property
    def batch_size(self) -> int:
        """Elites stay in the population with the fitness they have, so they are not trained."""
        elites = min(self.setup.elites, len(self._population))
        return self.setup.population_size - elites

    # --- asking -----------------------------------------------------------------------------------

    def ask(self, rngs: Sequence[Random]) -> list[Proposal]:
        batch: set[str] = set()
        parents = self._breeder.eligible(self._population)
        if not parents:
            proposals = self._breeder.founders(rngs, batch)
        else:
            proposals = self._promotions()[: len(rngs)]
            newcomers = self._breeder.newcomers
            proposals += self._breeder.founders(rngs[len(proposals) :][:newcomers], batch)
            proposals += [self._child(parents, rng, batch) for rng in rngs[len(proposals) :]]
        return self._foretold(proposals)

    def _promotions(self) -> list[Proposal]:
        """Who was left behind at a rung and is yet among the best third of all that ever reached it
        goes on from there (asynchronous successive halving: Li et al. 2020, section 3.2): one good
        generation does not lose what would have come first in another. As many as elites; those of
        the further rungs first."""
        told = self._told[-JUDGED:]
        failed = {trial.genome.fingerprint for trial in told if trial.failed}  # it would again
        furthest = {
            trial.genome.fingerprint: trial
            for trial in sorted(told, key=lambda trial: len(trial.rungs))
            if trial.genome.fingerprint not in failed
        }
        waiting: list[Trial] = []
        for rung in range(self.setup.rungs(self._breeder.generation) - 1, 0, -1):
            there = [_as_of(trial, rung) for trial in furthest.values() if len(trial.rungs) >= rung]
            best = self.setup.rank(there)[: len(there) // PROMOTED]
            waiting += [t for t in best if len(furthest[t.genome.fingerprint].rungs) == rung]
        promoted = waiting[: self.setup.elites]
        return [Proposal(trial.genome, "promotion", (trial.number,)) for trial in promoted]

    def _child(self, parents: Sequence[Trial], rng: Random, batch: set[str]) -> Proposal:
        """The most promising of a pool that is within the limits, or the first one bred."""
        circle = self._circle(parents, rng)
        if self._surrogates and rng.random() >= UNSCREENED / len(self._told):
            taste = Taste.drawn(rng, len(self._surrogates))
            pool = self._rated(self._bred(circle, rng, batch), taste)
            for _ in range(ROUNDS):
                best = self._admitted(_ranked(pool), REFINED)
                pool |= self._rated(self._refined(best, rng, batch), taste)
            chosen = self._screened(_ranked(pool))
            if chosen is not None:
                batch.add(chosen.genome.fingerprint)
                return chosen
        return self._breeder.new(partial(self._draw, circle, rng), batch)

    def _bred(self, circle: Sequence[Trial], rng: Random, batch: set[str]) -> list[Proposal]:
        """Different children that nobody has tried."""
        pool: dict[str, Proposal] = {}
        for _ in range(3 * self._pool):  # in a small space few are new
            proposal = self._draw(circle, rng)
            if self._breeder.is_new(proposal.genome, batch):
                pool.setdefault(proposal.genome.fingerprint, proposal)
            if len(pool) == self._pool:
                break
        return list(pool.values())

    def _draw(self, circle: Sequence[Trial], rng: Random) -> Proposal:
        if rng.random() < (FRESH_IF_ALIKE if self._too_alike else FRESH):
            families = sorted({trial.genome.family for trial in circle})
            return replace(self._breeder.founder(rng, rng.choice(families)), operator="fresh")
        return self._breeder.child(
            self._tournament(circle, rng), self._tournament(circle, rng), rng
        )

    def _circle(self, parents: Sequence[Trial], rng: Random) -> list[Trial]:
        """Those that a child's parents are chosen from: all, or one family's members; a family's
        chance falls with the rank of its champion."""
        if rng.random() >= NICHE_SHARE:
            return list(parents)
        families = list(dict.fromkeys(trial.genome.family for trial in parents))  # best first
        (family,) = rng.choices(families, [1 / (rank + 1) for rank in range(len(families))])
        return [trial for trial in parents if trial.genome.family == family]

    def _tournament(self, circle: Sequence[Trial], rng: Random) -> Trial:
        """The best of a few drawn at random (Goldberg & Deb 1991); `circle` has the best first."""
        places = range(len(circle))
        return circle[min(rng.sample(places, min(self.setup.tournament_size, len(places))))]

    # --- foretelling ------------------------------------------------------------------------------

    @cached_property
    def _surrogates(self) -> list[Surrogate]:
        """One for each objective; none while there is too little to learn from."""
        alive = [trial for trial in self._told if not trial.failed]
        if self._pool == 1 or len(alive) < LEARNED:
            return []
        return [fit(self.setup.space, self._told, objective) for objective in self.setup.objectives]

    def _rated(self, pool: Sequence[Proposal], taste: Taste) -> Pool:
        """What each promises: an upper confidence bound."""
        if not pool:
            return {}
        bounds = []
        for surrogate in self._surrogates:
            means, deviations = surrogate.predict([proposal.genome for proposal in pool])
            bounds.append((means + taste.daring * deviations).tolist())
        promises = [_weighed(scores, taste.weights) for scores in zip(*bounds, strict=True)]
        return {
            p.genome.fingerprint: (promise, p) for p, promise in zip(pool, promises, strict=True)
        }

    def _refined(self, best: Sequence[Proposal], rng: Random, batch: set[str]) -> list[Proposal]:
        """Mutants of the best of a pool: what the model, and no training, has selected."""
        mutants = [self._breeder.again(proposal, rng) for proposal in best for _ in range(REFINED)]
        return [m for m in mutants if self._breeder.is_new(m.genome, batch)]

    def _admitted(self, ranked: Sequence[Proposal], count: int) -> list[Proposal]:
        """The first that are within the limits: the most promising often are not, for they are
        large."""
        return list(islice((p for p in ranked if self.setup.admit(p.genome)), count))

    def _screened(self, ranked: Sequence[Proposal]) -> Proposal | None:
        """The first that is admitted; by trusted proxies, the best of the first few."""
        trusts = {v.name: v.correlation or 0.0 for v in self._verdicts if v.trusted}
        shortlist = self._admitted(ranked, SHORTLIST if trusts else 1)
        if not shortlist:
            return None
        votes = [0.0] * len(shortlist)
        for name, correlation in trusts.items():
            scored = [self.setup.proxies(p.genome, (name,)).get(name) for p in shortlist]
            for place, vote in enumerate(_ranks(scored)):
                votes[place] += correlation * vote
        for place, vote in enumerate(range(len(shortlist), 0, -1)):  # the surrogate's own
            votes[place] += vote
        return shortlist[votes.index(max(votes))]

    def _foretold(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        """With the accuracy that is expected of them."""
        foretold: list[float | None] = [None] * len(proposals)
        if self._surrogates and self.setup.objectives[0] == ACCURACY:
            accuracy = self._surrogates[0]
            means, _ = accuracy.predict([proposal.genome for proposal in proposals])
            foretold = [-accuracy.in_units(mean) for mean in means.tolist()]
        return [replace(p, predicted=value) for p, value in zip(proposals, foretold, strict=True)]

    # --- learning ---------------------------------------------------------------------------------

    def tell(self, trials: Sequence[Trial]) -> None:
        self._breeder.told(trials)
        self._told += trials
        self.__dict__.pop("_surrogates", None)  # they are fitted again when they are asked
        ranked = self.setup.rank([*self._population, *trials])
        champions = {trial.genome.family: trial for trial in reversed(ranked)}
        best = ranked[: self.setup.population_size]
        survivors = {trial.number: trial for trial in (*best, *champions.values())}
        self._population = self.setup.rank(survivors.values())
        self._remarks = [*self._watch_diversity(), *self._judge_proxies()]

    def remarks(self) -> list[str]:
        return self._remarks

    def _watch_diversity(self) -> Iterator[str]:
        """Acts for the next generation where the population is too much alike."""
        before = self._too_alike
        self._diversity = diversity([trial.genome for trial in self._population], self.setup.space)
        if not self._founders_diversity:
            self._founders_diversity = self._diversity
        self._breeder.rate = self.setup.mutation_rate * (2 if self._too_alike else 1)
        if self._too_alike and not before:
            yield (f"the population has become alike (diversity {self._diversity:.2f}): "
                   "more mutation and new blood")  # fmt: skip

    @property
    def _too_alike(self) -> bool:
        return self._diversity < ALIKE * self._founders_diversity

    def _judge_proxies(self) -> Iterator[str]:
        before = {v.name: v.trusted for v in self._verdicts if v.correlation is not None}
        used = {v.name for v in self._verdicts if v.trusted}
        self._verdicts = trusted(self._told[-JUDGED:], self.setup.proxy_names, used)
        for verdict in self._verdicts:
            known = verdict.correlation is not None
            if known and verdict.trusted != before.get(verdict.name):
                yield verdict.sentence()


def _as_of(trial: Trial, rung: int) -> Trial:
    """When it had reached the rung, counted from 1."""
    return replace(trial, fitness=trial.rungs[rung - 1], rungs=trial.rungs[:rung])


def _ranked(pool: Pool) -> list[Proposal]:
    """The most promising first."""
    return [proposal for _, proposal in sorted(pool.values(), key=lambda rated: -rated[0])]


def _weighed(scores: Sequence[float], weights: Sequence[float]) -> float:
    """One number for several: the worst of the weighted shortfalls counts, and a little of all
    (augmented Chebyshev scalarisation: Knowles 2006, equation 2)."""
    shortfalls = [weight * (3 - score) for score, weight in zip(scores, weights, strict=True)]
    return -max(shortfalls) - 0.05 * sum(shortfalls)


def _ranks(scores: Sequence[float | None]) -> list[int]:
    """From 1 for the lowest; 0 for one that has none."""
    found = sorted({score for score in scores if score is not None})
    return [0 if score is None else found.index(score) + 1 for score in scores]


@hookimpl
def snas_register_strategies() -> list[type[Strategy]]:
    return [Evolution]
