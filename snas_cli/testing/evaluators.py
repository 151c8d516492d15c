"""What an evaluator must keep to."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from random import Random
from typing import Any

from snas_cli.api import CandidateError, Evaluation, Evaluator, Family, Genome
from snas_cli.recipe.resolve import own_space


def check_evaluator(
    evaluator: type[Evaluator],
    family: Family,
    options: Mapping[str, Any] | None = None,
    *,
    genomes: int = 50,
    seed: int = 0,
) -> None:
    """Random genomes of the family have finite scores, the same time after time and from instance
    to instance; some may be refused by CandidateError, but not all, and not only now and then."""
    assert evaluator.summary, f"{evaluator.name} needs a summary"
    space, rng = own_space(family), Random(seed)
    first, second = evaluator(options or {}), evaluator(options or {})
    scored = 0
    for _ in range(genomes):
        genome = space.sample(rng)
        outcome = _outcome(first, genome)
        again = _outcome(first, genome), _outcome(second, genome)
        assert again == (outcome, outcome), f"{genome} is judged differently the second time"
        scored += outcome is not None
        if outcome is not None:
            assert isfinite(outcome.fitness), f"{genome} has the fitness {outcome.fitness}"
        for name, value in first.cost(genome).items():
            assert isfinite(value), f"{genome} has the cost {name} = {value}"
    assert scored, f"{evaluator.name} has no score for any genome of {family.name}"


def _outcome(evaluator: Evaluator, genome: Genome) -> Evaluation | None:
    try:
        return evaluator.evaluate(genome)
    except CandidateError:
        return None
