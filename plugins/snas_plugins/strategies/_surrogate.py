"""A model of the run's own trials that foretells how good a genome is, and how sure that is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from snas_cli.api import Genome, Objective, Space, Trial
from snas_plugins.strategies._relevance import Relevance

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Numbers = NDArray[float64]

LATEST, BEST = 100, 100  # trials to learn from: the cost of a fit grows with the cube of them


@dataclass(frozen=True)
class Surrogate:
    """A Gaussian process (Rasmussen & Williams 2006, chapter 2) over `Space.encode`, in which each
    gene has the weight that it deserves (see `_relevance`).

    It learns ranks and not scores: normal scores (van der Waerden 1952), the standard normal's
    quantiles at the ranks. So one candidate that learned nothing does not flatten the differences
    between all others, no unit matters, and what was trained to a lower rung, or failed, takes its
    place below what was not without being given a number that nobody measured.
    """

    space: Space
    model: Any  # a GaussianProcessRegressor
    stretches: Numbers  # what each number of `Space.encode` is multiplied by for it
    ladder: tuple[Numbers, Numbers]  # normal scores of the trials, rising, and what they stand for

    def predict(self, genomes: Sequence[Genome]) -> tuple[Numbers, Numbers]:
        """Means and standard deviations of normal scores; larger is better."""
        features = _encoded(self.space, genomes) * self.stretches
        means, deviations = self.model.predict(features, return_std=True)
        return means, deviations

    def in_units(self, score: float) -> float:
        """What a normal score stands for: the objective's value, the fitness turned round."""
        import numpy as np

        return float(np.interp(score, *self.ladder))


def fit(space: Space, trials: Sequence[Trial], objective: Objective) -> Surrogate:
    """Learns from some of the trials, all of `space`; at least one of them did not fail."""
    import numpy as np

    chosen = _chosen(trials, objective)
    scores = np.array(_normal_scores([_standing(trial, objective) for trial in chosen]))
    alive = [i for i, trial in enumerate(chosen) if not trial.failed]
    alive.sort(key=lambda i: scores[i])
    values = np.array([objective.value(chosen[i]) for i in alive])
    model, stretches = _likeliest(space, [trial.genome for trial in chosen], scores)
    return Surrogate(space, model, stretches, (scores[alive], values))


def _normal_scores(standings: Sequence[tuple[int, float]]) -> list[float]:
    """Of equals, all have the quantile at their mean rank."""
    ordered = sorted(standings)
    quantile = NormalDist().inv_cdf
    scores = {
        standing: quantile((bisect_left(ordered, standing) + bisect_right(ordered, standing))
                           / 2 / len(ordered))
        for standing in set(ordered)
    }  # fmt: skip
    return [scores[standing] for standing in standings]


def _chosen(trials: Sequence[Trial], objective: Objective) -> list[Trial]:
    """The best and the latest of them, each architecture once."""
    first_of_each = {trial.genome.fingerprint: trial for trial in trials}
    by_number = sorted(first_of_each.values(), key=lambda trial: trial.number)
    latest, older = by_number[-LATEST:], by_number[:-LATEST]
    older.sort(key=lambda trial: _standing(trial, objective), reverse=True)
    return [*older[:BEST], *latest]


def _standing(trial: Trial, objective: Objective) -> tuple[int, float]:
    """More is better: the rung comes first, for scores of different rungs cannot be compared."""
    if trial.failed:
        return (-1, 0.0)
    return (len(trial.rungs), -objective.value(trial))


def _likeliest(space: Space, genomes: Sequence[Genome], scores: Numbers) -> tuple[Any, Numbers]:
    """The Gaussian process and the stretches of its numbers that make the scores likeliest."""
    import numpy as np
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import Matern
    from threadpoolctl import threadpool_limits

    features = _encoded(space, genomes)
    relevance = Relevance(features, scores, space.encoded_genes)
    with threadpool_limits(1):  # the order of additions, and so every choice, is always the same
        fitted = relevance.fit()
        stretches = np.array(relevance.stretches(fitted))
        model = GaussianProcessRegressor(Matern(1.0, nu=2.5), alpha=fitted.noise, optimizer=None)
        return model.fit(features * stretches, scores), stretches


def _encoded(space: Space, genomes: Sequence[Genome]) -> Numbers:
    import numpy as np

    return np.array([space.encode(genome) for genome in genomes])
