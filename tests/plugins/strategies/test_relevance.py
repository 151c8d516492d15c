"""What weight each gene has in the model that evolution screens its children with."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from scipy.stats import spearmanr
from snas_plugins.strategies._relevance import ROUNDS, Relevance
from snas_plugins.strategies._surrogate import fit

from snas_cli.api import ACCURACY, Choice, Genome, Ordinal, Proposal, Space, Trial

GENES = [f"g{number}" for number in range(20)]
SPACE = Space({"one": {"rate": Ordinal(*range(8)), **{name: Choice("a", "b") for name in GENES}}})


def drawn(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of which the first alone decides on the score."""
    features = np.random.default_rng(seed).random((count, 4))
    return features, np.sin(3 * features[:, 0])


@pytest.mark.parametrize("seed", range(3))
def test_what_matters_weighs_more(seed: int) -> None:
    features, scores = drawn(40, seed)
    found = Relevance(features, scores, list("abcd")).fit().weights
    assert found[0] > 4 * max(found[1:])
    assert all(2**-ROUNDS <= weight <= 2**ROUNDS for weight in found)


def test_a_few_trials_move_the_weights_little() -> None:
    features, scores = drawn(4, seed=0)
    found = Relevance(features, scores, list("abcd")).fit().weights
    assert all(0.25 <= weight <= 4 for weight in found)


def test_numbers_of_one_gene_have_one_weight() -> None:
    features, scores = drawn(40, seed=0)
    relevance = Relevance(features, scores, ["a", "a", "b", "b"])
    fitted = relevance.fit()
    one, same, other, too = relevance.stretches(fitted)
    assert (one, other) == (same, too)
    assert len(fitted.weights) == 2
    assert one > other


def test_what_never_changes_has_no_weight_of_its_own() -> None:
    features, scores = drawn(20, seed=0)
    features[:, 1] = 0.5
    relevance = Relevance(features, scores, list("abcd"))
    fitted = relevance.fit()
    assert len(fitted.weights) == 3
    assert relevance.stretches(fitted)[1] == pytest.approx(1 / fitted.scale)


def test_the_plain_distance_between_stretched_numbers_is_the_weighted_one() -> None:
    features, scores = drawn(20, seed=1)
    relevance = Relevance(features, scores, list("abcd"))
    fitted = relevance.fit()
    stretched = features * relevance.stretches(fitted)
    expected = sum(w * (features[0, i] - features[1, i]) ** 2 for i, w in enumerate(fitted.weights))
    assert ((stretched[0] - stretched[1]) ** 2).sum() == pytest.approx(expected / fitted.scale**2)


def test_trials_that_are_all_alike_do_no_harm() -> None:
    relevance = Relevance(np.ones((3, 2)), np.zeros(3), ["a", "b"])
    assert relevance.fit().weights == ()


def test_many_genes_that_do_not_matter_do_not_drown_the_one_that_does() -> None:
    def trial(number: int) -> Trial:
        genome = SPACE.sample(Random(number))
        return Trial(number, 0, Proposal(genome, "random"), worth(genome), {}, None, (0.0,))

    def worth(genome: Genome) -> float:
        return -abs(float(genome.genes["rate"]) - 5)

    surrogate = fit(SPACE, [trial(number) for number in range(40)], ACCURACY)
    others = [SPACE.sample(Random(number)) for number in range(100, 300)]
    means, _ = surrogate.predict(others)
    assert spearmanr(means, [worth(genome) for genome in others]).statistic > 0.7
