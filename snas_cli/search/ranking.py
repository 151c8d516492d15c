"""Which trials are the best, by one objective or by several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING

from snas_cli.api import Objective, Trial, by_fitness
from snas_cli.errors import SearchError

if TYPE_CHECKING:
    from numpy import float64, int64
    from numpy.typing import NDArray

Rank = Callable[[Iterable[Trial]], list[Trial]]

CONTENDERS = 3  # for each finalist, so that none is one for its loss alone


def leaders(trials: Iterable[Trial], count: int, rank: Rank = by_fitness) -> list[Trial]:
    """The best `count` architectures, best first; of equals, the one proposed earlier."""
    return _one_of_each(rank(trials))[:count]


def contenders(trials: Iterable[Trial], count: int) -> list[Trial]:
    """Those that `count` finalists are chosen from."""
    return leaders(trials, CONTENDERS * count)


def finalists(trials: Iterable[Trial], count: int) -> list[Trial]:
    """Of the contenders, the `count` with the least loss on validation pictures, the least first.
    After a short training the loss foretells what a long one comes to better than the accuracy
    does, which only counts what is right already. (Ten or twelve networks each of searches over
    photographs, Fashion-MNIST and traffic signs, trained four times as long: Kendall's τ with the
    test accuracy is 0.82, 0.97 and 0.31, and that of the accuracy 0.69, 0.94 and 0.29.) What was
    trained further comes first, as in `leaders`, and whose loss is not known comes last."""

    def promise(trial: Trial) -> tuple[int, float]:
        return -len(trial.rungs), trial.metrics.get("val_loss", inf)

    return sorted(contenders(trials, count), key=promise)[:count]


def by_dominance(objectives: Sequence[Objective]) -> Rank:
    """How to sort trials, best first; `by_fitness` where the fitness alone is sought.

    Failed trials are left out, and what was trained to a further rung comes first, as in
    `by_fitness`. Then non-dominated fronts count and, within a front, the crowding distance, the
    lonelier first (NSGA-II, Deb et al. 2002, section III); of equals, the one proposed earlier.
    What equals an earlier trial in its architecture or in all objectives crowds nobody and comes
    last in the front (Fortin & Parizeau 2013). The order of what is handed in changes nothing.

    What it returns raises SearchError for an objective that a trial lacks or that is not finite.
    """
    chosen = tuple(objectives)
    if not chosen:
        raise SearchError("there is nothing to rank trials by: name at least one objective")
    if len(chosen) == 1 and chosen[0].metric is None:
        return by_fitness

    def rank(trials: Iterable[Trial]) -> list[Trial]:
        ranked: list[Trial] = []
        for group in _by_rungs(trials):
            ranked += _by_front_and_crowding(group, chosen)
        return ranked

    return rank


def front(trials: Iterable[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    """The Pareto front among the trials of the furthest rung: each architecture that no other
    betters in one objective without being worse in another. The best by the first objective comes
    first, then by the second, and so on. Empty where all trials failed. Raises SearchError for an
    objective that a trial lacks or that is not finite."""
    from moocore import is_nondominated

    alive = _furthest(trials)
    if not alive:
        return []
    values = _values(alive, objectives)
    kept = is_nondominated(values, keep_weakly=True).nonzero()[0]
    return [alive[i] for i in sorted(kept, key=lambda i: (*values[i], alive[i].number))]


@dataclass(frozen=True)
class Reference:
    """What hypervolumes of a run are measured against; less is better, as in `Objective.value`."""

    worst: tuple[float, ...]  # for each objective
    span: tuple[float, ...]  # from the best to the worst


def reference_point(trials: Iterable[Trial], objectives: Sequence[Objective]) -> Reference:
    """The worst value of each objective among `trials`, and what lies between it and the best.

    Hand it the first generation (the first `population_size` trials of a search that asks for fewer
    at a time): then it stays where it is as a search goes on or is resumed. The price is that what
    is worse than all of them in one objective, such as a larger network than any of them, will not
    count; where there is a limit, a `Reference` with it for the worst is better. Where all have the
    same value, the value itself is the span, or 1 where that is 0. Raises SearchError as `front`
    does, and where all failed.
    """
    alive = _furthest(trials)
    if not alive:
        raise SearchError("a hypervolume needs a reference point, and no trial has succeeded")
    values = _values(alive, objectives)
    worst, spans = values.max(axis=0), values.max(axis=0) - values.min(axis=0)
    pairs = zip(worst.tolist(), spans.tolist(), strict=True)
    return Reference(tuple(worst.tolist()), tuple(span or abs(bad) or 1.0 for bad, span in pairs))


def hypervolume(
    trials: Iterable[Trial], objectives: Sequence[Objective], reference: Reference
) -> float:
    """What the front of `trials` dominates within the reference (Zitzler & Thiele 1999).

    The unit is the box from the best to the worst values of the reference's trials, so that it
    starts between 0 and 1, does not depend on the objectives' units, never falls while trials are
    added to the same rung, and passes 1 where the search leaves those trials behind. What is worse
    than the reference in any objective adds nothing. Raises SearchError as `front` does.
    """
    import moocore
    import numpy as np

    best = front(trials, objectives)
    if not best:
        return 0.0
    scaled = (_values(best, objectives) - np.array(reference.worst)) / np.array(reference.span)
    return float(moocore.hypervolume(scaled, ref=0.0))


def _by_rungs(trials: Iterable[Trial]) -> list[list[Trial]]:
    """Those that did not fail, in groups that were trained to the same rung, the furthest first;
    within a group by number."""
    groups: dict[int, list[Trial]] = {}
    for trial in trials:
        if not trial.failed:
            groups.setdefault(len(trial.rungs), []).append(trial)
    return [
        sorted(groups[rungs], key=lambda trial: trial.number)
        for rungs in sorted(groups, reverse=True)
    ]


def _furthest(trials: Iterable[Trial]) -> list[Trial]:
    """The architectures of the furthest rung, by number, each once."""
    groups = _by_rungs(trials)
    return _one_of_each(groups[0]) if groups else []


def _one_of_each(trials: Iterable[Trial]) -> list[Trial]:
    """The first trial of each architecture."""
    first: dict[str, Trial] = {}
    for trial in trials:
        first.setdefault(trial.genome.fingerprint, trial)
    return list(first.values())


def _values(trials: Sequence[Trial], objectives: Sequence[Objective]) -> NDArray[float64]:
    """Trials × objectives, less is better."""
    import numpy as np

    table = [[objective.value(trial) for objective in objectives] for trial in trials]
    for trial, row in zip(trials, table, strict=True):
        for objective, value in zip(objectives, row, strict=True):
            if not isfinite(value):
                raise SearchError(
                    f"the objective {objective.name!r} of trial {trial.number} is {value}, and "
                    "only finite numbers can be ranked; such a candidate has to fail instead"
                )
    return np.array(table, dtype=float)


def _by_front_and_crowding(group: Sequence[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    """`group` is of one rung and in the order of the trials' numbers."""
    import moocore
    import numpy as np

    architectures = _one_of_each(group)
    table = _values(architectures, objectives)
    points, first, which = np.unique(table, axis=0, return_index=True, return_inverse=True)
    fronts = moocore.pareto_rank(points)
    crowding = crowding_distances(points, fronts)
    place = {t.genome.fingerprint: i for t, i in zip(architectures, which.flat, strict=True)}
    earliest = {architectures[i].number for i in first}

    def key(trial: Trial) -> tuple[float, float, int]:
        i = place[trial.genome.fingerprint]
        repeats = trial.number not in earliest
        return (fronts[i], 1.0 if repeats else -crowding[i], trial.number)

    return sorted(group, key=key)


def crowding_distances(points: NDArray[float64], fronts: NDArray[int64]) -> NDArray[float64]:
    """How far apart the neighbours of each point stand, along its front: for each objective the
    share of the front's extent between the next lower and the next higher point, summed; infinite
    at both ends (Deb et al. 2002, section III-B).

    `points` is points × objectives, each row once; `fronts` the number of each one's front.
    """
    import numpy as np

    count = len(points)
    distances = np.zeros(count)
    for values in points.T:
        order = np.lexsort((values, fronts))  # front by front, the lowest first
        ordered, sorted_fronts = values[order], fronts[order]
        starts = np.flatnonzero(np.diff(sorted_fronts, prepend=-1))
        ends = np.append(starts[1:], count) - 1
        sizes = ends - starts + 1
        extent = np.repeat(ordered[ends] - ordered[starts], sizes)
        gaps = np.zeros(count)
        gaps[1:-1] = ordered[2:] - ordered[:-2]
        shares = np.divide(gaps, extent, out=np.zeros(count), where=extent > 0)
        shares[starts] = shares[ends] = np.inf
        distances[order] += shares
    return distances
