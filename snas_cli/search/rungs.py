"""Successive halving within a generation (Jamieson & Talwalkar 2016): all candidates are trained a
little, the better ones of them longer, the best in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import NamedTuple

from snas_cli.api import Candidate, Trial

Evaluate = Callable[[Sequence[Candidate]], Iterator[Trial]]
"""Judges candidates at their rung, which is the same for all of them, and yields a trial for each,
in whatever order they finish."""

Rank = Callable[[Iterable[Trial]], list[Trial]]
"""Those that did not fail, best first."""


@dataclass(frozen=True)
class Rungs:
    """How far the candidates of a generation are trained."""

    count: int = 1
    factor: int = 3  # one in so many goes on to the next rung
    fast_generations: int = 0  # the first ones, which stop at the first rung

    def of(self, generation: int) -> int:
        return 1 if generation < self.fast_generations else self.count


class Step(NamedTuple):
    """A candidate has come to a rung."""

    trial: Trial
    last: bool  # it is trained no further


@dataclass(frozen=True)
class Ladder:
    """Takes the candidates of a generation from rung to rung.

    `earlier` has trials of earlier generations by fingerprint: a candidate that was trained to a
    lower rung then goes on from there. `reached` has what was recorded of this generation before it
    was interrupted, by number and rung.
    """

    evaluate: Evaluate
    rank: Rank
    rungs: Rungs
    earlier: Mapping[str, Trial]
    reached: Mapping[tuple[int, int], Trial]

    def climb(self, candidates: Sequence[Candidate], generation: int) -> Iterator[Step]:
        """Each candidate at each of its rungs, those that are recorded too; at its last one as soon
        as that is known to be the last, which may be a while later, and then for the second time.
        """
        last = self.rungs.of(generation) - 1
        climbing = {candidate.number: candidate for candidate in candidates}
        behind = {number: self._trained_before(c) for number, c in climbing.items()}
        for rung in range(last + 1):
            here = [c for n, c in climbing.items() if len(behind[n].rungs) <= rung]
            pool = []
            for trial in self._reach(here, rung, behind):
                behind[trial.number] = trial
                if rung == last or trial.failed:
                    del climbing[trial.number]
                    yield Step(trial, last=True)
                else:
                    pool.append(trial)
                    yield Step(trial, last=False)
            for trial in self.rank(pool)[ceil(len(here) / self.rungs.factor) :]:
                del climbing[trial.number]
                yield Step(trial, last=True)

    def _reach(
        self, candidates: Sequence[Candidate], rung: int, behind: Mapping[int, Trial]
    ) -> Iterator[Trial]:
        """The candidates as of this rung; `behind` has them as of the one before."""
        waiting = []
        for candidate in candidates:
            recorded = self.reached.get((candidate.number, rung))
            if recorded:
                yield recorded
            else:
                waiting.append(replace(candidate, rung=rung))
        for result in self.evaluate(waiting):
            before = behind[result.number]
            score = () if result.fitness is None else (result.fitness,)
            yield replace(
                result,
                proposal=before.proposal if rung else result.proposal,  # with its proxies
                rungs=before.rungs + score,
                seconds=before.seconds + result.seconds,
                metrics={**result.metrics, **_epochs(before, result)},
            )

    def _trained_before(self, candidate: Candidate) -> Trial:
        """With the scores that its architecture has from earlier generations."""
        earlier = self.earlier.get(candidate.proposal.genome.fingerprint)
        rungs, metrics = (earlier.rungs, earlier.metrics) if earlier else ((), {})
        return Trial(candidate.number, candidate.generation, candidate.proposal, None, metrics,
                     rungs=rungs)  # fmt: skip


def _epochs(before: Trial, result: Trial) -> dict[str, float]:
    """Of training on all rungs together, where they are counted."""
    if "epochs" not in before.metrics or "epochs" not in result.metrics:
        return {}
    return {"epochs": round(before.metrics["epochs"] + result.metrics["epochs"], 4)}


def rung_of(trial: Trial) -> int:
    """The rung that a trial was trained to, or failed at; counts from 0."""
    return len(trial.rungs) - (not trial.failed)
