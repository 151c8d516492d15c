"""What the trials of a run say of how they were made: which operators paid, whom the winner comes
from, and whether what was foretold came true."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import atanh, sqrt, tanh
from statistics import StatisticsError, correlation, fmean

from snas_cli.api import Trial, by_fitness

FEWEST = 10  # trials; with fewer, a correlation says next to nothing
DEVIATIONS = 1.96  # of a normal distribution, for 95 %


# --- operators ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OperatorRecord:
    """What came of the children of an operator, or of a way to make founders."""

    operator: str
    children: int
    failed: int
    bred: int  # children that have parents and differ from them
    better: int  # of those, than their better parent
    mean_gain: float | None  # over that parent's fitness, of those that did not fail
    new_bests: int  # children that were better than all trials before them


@dataclass(frozen=True)
class _Child:
    trial: Trial
    bred: bool
    gain: float | None
    new_best: bool


def operators_that_paid(trials: Iterable[Trial]) -> list[OperatorRecord]:
    """Those of most new bests first, then by the share of children that were better.

    A child counts for each operator that had a part in it: crossover and point for
    `crossover+point`. Child and parent are compared at the furthest rung that both reached."""
    made_by = defaultdict[str, list[_Child]](list)
    for child in _children(trials):
        for operator in dict.fromkeys(child.trial.proposal.operator.split("+")):
            made_by[operator].append(child)
    records = [_record(operator, children) for operator, children in made_by.items()]
    return sorted(
        records,
        key=lambda r: (-r.new_bests, -(r.better / r.bred if r.bred else 0), r.operator),
    )


def _children(trials: Iterable[Trial]) -> Iterable[_Child]:
    known: dict[int, Trial] = {}
    best: tuple[int, float] | None = None
    for trial in sorted(trials, key=lambda trial: trial.number):
        parent = best_parent(trial, known)
        bred = parent is not None and parent.genome.fingerprint != trial.genome.fingerprint
        place = None if trial.fitness is None else (len(trial.rungs), trial.fitness)
        new_best = place is not None and (best is None or place > best)
        yield _Child(trial, bred, gain(trial, parent) if bred and parent else None, new_best)
        known[trial.number] = trial
        best = place if new_best else best


def _record(operator: str, children: Sequence[_Child]) -> OperatorRecord:
    gains = [child.gain for child in children if child.gain is not None]
    return OperatorRecord(
        operator=operator,
        children=len(children),
        failed=sum(child.trial.failed for child in children),
        bred=sum(child.bred for child in children),
        better=sum(gain > 0 for gain in gains),
        mean_gain=fmean(gains) if gains else None,
        new_bests=sum(child.new_best for child in children),
    )


def best_parent(trial: Trial, known: Mapping[int, Trial]) -> Trial | None:
    """The parent of the highest fitness, by `by_fitness`; None of a founder, or where the parents
    are not known."""
    parents = [known[number] for number in trial.proposal.parents if number in known]
    return next(iter(by_fitness(parents)), None)


def gain(trial: Trial, parent: Trial) -> float | None:
    """In fitness, over the parent, at the furthest rung that both were trained to. None where one
    of them failed before it had any."""
    if trial.rungs and parent.rungs:
        rung = min(len(trial.rungs), len(parent.rungs)) - 1
        return None if trial.failed else trial.rungs[rung] - parent.rungs[rung]
    if trial.fitness is None or parent.fitness is None:
        return None
    return trial.fitness - parent.fitness


def ancestry(trial: Trial, trials: Iterable[Trial]) -> list[Trial]:
    """The trial, its best parent, that one's best parent and so on, to a founder."""
    known = {each.number: each for each in trials}
    line = [trial]
    while (parent := best_parent(line[-1], known)) is not None:
        if parent.number >= line[-1].number:  # a journal that nobody wrote; it shall end anyway
            break
        line.append(parent)
    return line


# --- foretelling ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Agreement:
    """How far two rankings of the same trials agree: Spearman's rank correlation (1904) with its
    95 % interval. None where there are too few, or where one side has all alike."""

    trials: int
    correlation: float | None = None
    low: float | None = None
    high: float | None = None


def surrogate_agreement(trials: Iterable[Trial]) -> Agreement:
    """Of the fitness that the model foretold with what came of it."""
    return agreement((trial.proposal.predicted, score) for trial, score in _judged_alike(trials))


def proxy_agreement(name: str, trials: Iterable[Trial]) -> Agreement:
    """Of a zero-cost score with the fitness."""
    return agreement(
        (trial.proposal.proxies.get(name), score) for trial, score in _judged_alike(trials)
    )


def _judged_alike(trials: Iterable[Trial]) -> Iterable[tuple[Trial, float]]:
    """Trials with the fitness of their first rung, which all that did not fail have."""
    for trial in trials:
        if trial.fitness is not None:
            yield trial, trial.rungs[0] if trial.rungs else trial.fitness


def agreement(pairs: Iterable[tuple[float | None, float]]) -> Agreement:
    """Of those pairs that have both."""
    known = [(one, other) for one, other in pairs if one is not None]
    if len(known) < FEWEST:
        return Agreement(len(known))
    try:
        found = correlation(*(_ranks(side) for side in zip(*known, strict=True)))
    except StatisticsError:  # one side has all alike
        return Agreement(len(known))
    return Agreement(len(known), found, *interval(found, len(known)))


def _ranks(values: Sequence[float]) -> list[float]:
    """From 1 for the least; equal ones have the mean of theirs."""
    places = defaultdict[float, list[int]](list)
    for place, value in enumerate(sorted(values), 1):
        places[value].append(place)
    return [fmean(places[value]) for value in values]


def interval(found: float, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of Spearman's correlation over `count` pairs: Fisher's z, with
    the variance of Bonett & Wright 2000, eq. 3."""
    z = atanh(max(min(found, 1 - 1e-12), 1e-12 - 1))  # at ±1 it is infinite
    margin = DEVIATIONS * sqrt((1 + found**2 / 2) / (count - 3))
    return tanh(z - margin), tanh(z + margin)
