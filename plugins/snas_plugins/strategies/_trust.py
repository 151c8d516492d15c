"""Which zero-cost proxies have proved themselves on this data: those whose ranks agree with the
fitness of trials that were trained."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import atanh, sqrt, tanh
from statistics import fmean

from snas_cli.api import Trial

FEWEST = 12  # trials; with fewer even a correlation of 0.7 may be chance
BOUND = 0.2  # what the whole interval must lie above
LOST = 0.1  # and for one that is used already, so that it does not come and go near the bound
DEVIATIONS = 1.96  # of a normal distribution, for 95 %


@dataclass(frozen=True)
class Verdict:
    """What is known of a proxy. Without enough trials, or where all have the same score or the same
    fitness, there is no correlation."""

    name: str
    correlation: float | None  # Spearman's, of the proxy with the fitness
    low: float | None  # the 95 % interval
    high: float | None
    trials: int
    bound: float = BOUND

    @property
    def trusted(self) -> bool:
        return self.low is not None and self.low > self.bound

    def sentence(self) -> str:
        return f"{self.name}: {self._finding()}: {'used' if self.trusted else 'not used'}"

    def _finding(self) -> str:
        if self.correlation is not None:
            return (
                f"rank correlation {self.correlation:.2f} (95 %: {self.low:.2f} to "
                f"{self.high:.2f}) over {self.trials} trials"
            )
        if self.trials < FEWEST:
            return f"scores of {self.trials} trials, and {FEWEST} are needed"
        return f"no rank correlation over {self.trials} trials, for all are alike"


def trusted(
    trials: Iterable[Trial], names: Iterable[str], used: Collection[str] = ()
) -> list[Verdict]:
    """A verdict on each proxy, in the order of `names`; `used` are those trusted so far. Trials
    that failed, or that the proxy has no score for, say nothing of it.

    What successive halving trains on is the better part, where correlations are weaker: trials are
    compared by their first rung, which all have. Those without rungs cannot be compared with them,
    and of the two kinds the one with more trials counts.
    """
    judged = _comparable(trials)
    return [_verdict(name, judged, LOST if name in used else BOUND) for name in names]


def _comparable(trials: Iterable[Trial]) -> list[tuple[Trial, float]]:
    """Trials that were trained equally long, with what that came to."""
    with_rungs, without = [], []
    for trial in trials:
        if trial.fitness is None:
            continue
        if trial.rungs:
            with_rungs.append((trial, trial.rungs[0]))
        else:
            without.append((trial, trial.fitness))
    return max(with_rungs, without, key=len)


def _verdict(name: str, judged: Sequence[tuple[Trial, float]], bound: float) -> Verdict:
    scored = [(trial.proposal.proxies[name], fitness)
              for trial, fitness in judged if name in trial.proposal.proxies]  # fmt: skip
    count = len(scored)
    correlation = None if count < FEWEST else rank_correlation(scored)
    if correlation is None:
        return Verdict(name, None, None, None, count, bound)
    return Verdict(name, correlation, *interval(correlation, count), count, bound)


def rank_correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Spearman's, equal values having the mean of their ranks; None where all of one side are
    equal."""
    ones, others = ([rank - (len(pairs) + 1) / 2 for rank in mean_ranks(side)]
                    for side in zip(*pairs, strict=True))  # fmt: skip
    spread = sqrt(sum(a * a for a in ones) * sum(b * b for b in others))
    if spread == 0:
        return None
    return sum(a * b for a, b in zip(ones, others, strict=True)) / spread


def mean_ranks(values: Sequence[float]) -> list[float]:
    """From 1 for the least."""
    places: dict[float, list[int]] = {}
    for place, value in enumerate(sorted(values), 1):
        places.setdefault(value, []).append(place)
    return [fmean(places[value]) for value in values]


def interval(correlation: float, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of Spearman's correlation over `count` pairs: Fisher's z, with
    the variance of Bonett & Wright 2000, eq. 3."""
    z = atanh(max(min(correlation, 1 - 1e-12), 1e-12 - 1))  # at ±1 it is infinite
    margin = DEVIATIONS * sqrt((1 + correlation**2 / 2) / (count - 3))
    return tanh(z - margin), tanh(z + margin)
