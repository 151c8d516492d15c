"""Evaluates candidates one after another in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from snas_cli.api import Candidate, Evaluation, Failure, Trial, guarded


def evaluate_inline(
    candidates: Sequence[Candidate], evaluate_one: Callable[[Candidate], Evaluation]
) -> Iterator[Trial]:
    for candidate in candidates:
        started = time.perf_counter()
        outcome = guarded(partial(evaluate_one, candidate))
        seconds = round(time.perf_counter() - started, 3)
        yield _trial(candidate, outcome, seconds)


def _trial(candidate: Candidate, outcome: Evaluation | Failure, seconds: float) -> Trial:
    number, generation, proposal = candidate.number, candidate.generation, candidate.proposal
    if isinstance(outcome, Failure):
        return Trial(number, generation, proposal, None, reason=outcome.reason, seconds=seconds)
    return Trial(number, generation, proposal, outcome.fitness, outcome.metrics, seconds=seconds)
