"""How much each gene matters to a model, as far as the trials that it learns from tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from math import log, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Numbers = NDArray[float64]

SCALES = (0.5, 1.0, 2.0, 4.0)  # of the kernel, in median distances between trials
NOISES = (0.01, 0.1, 0.3)  # variance of what training gives, next to 1 between architectures
STEPS, ROUNDS = (2.0, 0.5), 2  # what a weight is multiplied by, and how often each has its turn:
# it stays between 1/4 and 4, which four rounds did not improve on
SPREAD = log(3)  # standard deviation that the logarithms of weights are expected to have


@dataclass(frozen=True)
class Fit:
    """What makes a Gaussian process with a Matérn kernel (ν = 5/2) over weighted distances."""

    weights: tuple[float, ...]  # of the squared distance by each gene
    scale: float
    noise: float


class Relevance:
    """Automatic relevance determination (MacKay 1994; Rasmussen & Williams 2006, section 5.1): each
    gene has a weight in the distance between two genomes, where those that matter little, most of
    a large space, would drown the few that matter much.

    One gene may be many numbers, which have one weight. The weights are those of a maximum a
    posteriori, found step by step, so that a few trials do not move them far.
    """

    def __init__(self, features: Numbers, scores: Numbers, genes: Sequence[str]) -> None:
        """Trials×numbers, a score for each trial, and whose each number is."""
        import numpy as np
        from scipy.spatial.distance import pdist, squareform

        self._genes = genes
        self._scores = scores
        columns = {gene: [i for i, of in enumerate(genes) if of == gene] for gene in genes}
        apart = {gene: pdist(features[:, own], "sqeuclidean") for gene, own in columns.items()}
        self._names = [gene for gene, squares in apart.items() if squares.any()]
        shape = (len(self._names), len(scores), len(scores))
        self._apart = np.array([squareform(apart[gene]) for gene in self._names]).reshape(shape)
        distances = np.sqrt(sum(apart.values()))
        self._median = float(np.median(distances[distances > 0])) if distances.any() else 1.0

    def fit(self) -> Fit:
        posterior = cache(self._posterior)
        even = Fit((1.0,) * len(self._names), self._median, NOISES[0])
        best = max(self._kernels(even), key=posterior)
        for _ in range(ROUNDS):
            for place in range(len(self._names)):
                best = max([best, *_steps(best, place)], key=posterior)
        return max(self._kernels(best), key=posterior)

    def _kernels(self, fit: Fit) -> Iterator[Fit]:
        for scale, noise in product(SCALES, NOISES):
            yield replace(fit, scale=scale * self._median, noise=noise)

    def _posterior(self, fit: Fit) -> float:
        """Its logarithm, but for a constant."""
        import numpy as np
        from scipy.linalg import cho_factor, cho_solve

        squares = np.tensordot(fit.weights, self._apart, 1) / fit.scale**2
        reach = np.sqrt(5 * squares)
        kernel = (1 + reach + reach**2 / 3) * np.exp(-reach)
        kernel.flat[:: len(kernel) + 1] += fit.noise
        factor, lower = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
        solved = cho_solve((factor, lower), self._scores, check_finite=False)
        likelihood = -self._scores @ solved / 2 - np.log(factor.diagonal()).sum()
        prior = -sum((log(weight) / SPREAD) ** 2 for weight in fit.weights) / 2
        return float(likelihood + prior)

    def stretches(self, fit: Fit) -> list[float]:
        """What each number is to be multiplied by, for the plain distance to be the weighted one
        and the scale to be 1."""
        weights = dict(zip(self._names, fit.weights, strict=True))
        return [sqrt(weights.get(gene, 1.0)) / fit.scale for gene in self._genes]


def _steps(fit: Fit, place: int) -> Iterator[Fit]:
    """With one weight larger or smaller."""
    before, weight, after = fit.weights[:place], fit.weights[place], fit.weights[place + 1 :]
    for step in STEPS:
        yield replace(fit, weights=(*before, weight * step, *after))
