"""The search loop: ask the strategy, have its proposals evaluated, tell it what became of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from snas_cli.api import Candidate, Proposal, Strategy, Trial, by_fitness
from snas_cli.errors import SearchError
from snas_cli.search.budget import Budget
from snas_cli.search.listener import Listener
from snas_cli.search.rungs import Evaluate, Ladder, Rank, Rungs, Step, rung_of


def seeded(*parts: object) -> Random:
    """A generator that depends on `parts` alone, and not on Python's hash seed or any order."""
    digest = hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return Random(int.from_bytes(digest, "big"))


@dataclass(frozen=True)
class Record:
    """What an earlier attempt wrote down of a search."""

    trials: Sequence[Trial] = ()
    proposals: Mapping[int, Sequence[Proposal]] = field(default_factory=dict)  # by generation
    rungs: Sequence[Trial] = ()  # candidates as of rungs that may not be their last


@dataclass(frozen=True)
class Search:
    """A search for `generations` generations, or for as many as the budget allows. Whatever is in
    `record` is taken from there: the strategy is told of it as if it had happened just now."""

    strategy: Strategy
    evaluate: Evaluate
    seed: int
    generations: int | None
    listener: Listener
    record: Record = field(default_factory=Record)
    rungs: Rungs = field(default_factory=Rungs)
    budget: Budget = field(default_factory=Budget)
    rank: Rank = by_fitness
    patience: int = 1  # candidates, of which one at least must not fail

    def run(self) -> list[Trial]:
        """All trials in the order of their numbers; where the budget ran out amid a generation,
        with those of its candidates that had reached a rung. Raises SearchError where all fail."""
        trials: list[Trial] = []
        for generation in range(self.generations) if self.generations else count():
            if not self._may_begin(generation, trials):
                break
            proposals = self._proposals(generation, trials)
            room = self.budget.room(trials)
            outcome = self._train(generation, proposals[:room], trials)
            if len(outcome.finished) < len(proposals):
                trials += self._halt(outcome)
                break  # the budget ran out
            finished = outcome.trials
            trials += finished
            self.strategy.tell(finished)
            if generation not in self.record.proposals:
                for remark in self.strategy.remarks():
                    self.listener.notice(remark)
            self.listener.generation_finished(generation, finished)
            if len(trials) >= self.patience and all(trial.failed for trial in trials):
                break
        if not trials:
            raise SearchError("the budget was spent before a single candidate could be judged; "
                              "give it more time")  # fmt: skip
        if all(trial.failed for trial in trials):
            raise SearchError(_all_failed(trials))
        return trials

    def _halt(self, outcome: _Outcome) -> list[Trial]:
        """Those that are on their way stay where they are."""
        if outcome.standing:
            self.listener.notice("the budget is spent amid a generation: "
                                 "its candidates are left as they are")  # fmt: skip
        for number in sorted(outcome.standing):
            self.listener.trial_halted(outcome.standing[number])
        return outcome.trials

    def _is_over(self, trials: Sequence[Trial], standing: Collection[Trial] = ()) -> bool:
        """What was recorded belongs to the search whatever the budget."""
        if len(self.record.trials) > len(trials):
            return False
        if self.budget.spent(trials) is not None:
            return True
        return bool(standing) and self.budget.is_late([*trials, *standing])

    def _may_begin(self, generation: int, trials: Sequence[Trial]) -> bool:
        """One that was begun goes on, as far as there is budget for it. It may be too late for one
        in rungs, whose best are trained at its end."""
        if generation in self.record.proposals:
            return True
        if self._is_over(trials):
            return False
        return self.rungs.of(generation) == 1 or self.budget.allows_another(generation, trials)

    def _proposals(self, generation: int, before: Sequence[Trial]) -> Sequence[Proposal]:
        if generation in self.record.proposals:
            return self.record.proposals[generation]
        numbers = range(len(before), len(before) + self.strategy.batch_size)
        proposals = self.strategy.ask([seeded(self.seed, "proposal", n) for n in numbers])
        self.listener.proposed(generation, proposals)
        return proposals

    def _train(
        self, generation: int, proposals: Sequence[Proposal], before: Sequence[Trial]
    ) -> _Outcome:
        candidates = [
            Candidate(number, generation, proposal)
            for number, proposal in enumerate(proposals, len(before))
        ]
        self.listener.generation_started(generation, len(candidates))
        outcome = self._recorded(generation, range(len(before), len(before) + len(candidates)))
        if len(outcome.finished) < len(candidates):
            for step in self._steps(candidates, before, outcome):
                if outcome.has(step):
                    continue
                if step.last:
                    self.listener.trial_finished(step.trial)
                else:
                    self.listener.rung_reached(step.trial)
                outcome.add(step)
        return outcome

    def _recorded(self, generation: int, numbers: Container[int]) -> _Outcome:
        outcome = _Outcome()
        for trial in self.record.rungs:
            if trial.generation == generation:
                outcome.add(Step(trial, last=False))
        for trial in self.record.trials:
            if trial.number in numbers:
                outcome.add(Step(trial, last=True))
        return outcome

    def _steps(
        self, candidates: Sequence[Candidate], before: Sequence[Trial], outcome: _Outcome
    ) -> Iterator[Step]:
        """What becomes of each candidate, which is to be added to the outcome, until the budget is
        spent."""
        known = {trial.genome.fingerprint: trial for trial in before}
        generation = candidates[0].generation
        to_reach = self.rungs.of(generation)
        settled = {f for f, trial in known.items() if trial.failed or len(trial.rungs) >= to_reach}
        fresh, repeated = _split(candidates, settled)
        ladder = Ladder(
            evaluate=self.evaluate,
            rank=self.rank,
            rungs=self.rungs,
            earlier=known,
            reached=dict(outcome.reached),
        )

        def is_over() -> bool:
            return self._is_over([*before, *outcome.finished.values()], outcome.standing.values())

        if is_over():
            return
        for step in ladder.climb(fresh, generation):
            yield step
            if step.last:
                known[step.trial.genome.fingerprint] = step.trial
            if is_over():
                return
        for candidate in repeated:
            twin = known[candidate.proposal.genome.fingerprint]
            yield Step(_repeat(candidate, twin), last=True)


class _Outcome:
    """What has become of a generation so far."""

    def __init__(self) -> None:
        self.finished: dict[int, Trial] = {}  # by number
        self.standing: dict[int, Trial] = {}  # at a rung that may not be their last
        self.reached: dict[tuple[int, int], Trial] = {}  # all of these, by number and rung

    def add(self, step: Step) -> None:
        trial = step.trial
        self.reached[trial.number, rung_of(trial)] = trial
        if step.last:
            self.finished[trial.number] = trial
            self.standing.pop(trial.number, None)
        else:
            self.standing[trial.number] = trial

    def has(self, step: Step) -> bool:
        if step.last:
            return step.trial.number in self.finished
        return (step.trial.number, rung_of(step.trial)) in self.reached

    @property
    def trials(self) -> list[Trial]:
        """By number."""
        return [trial for _number, trial in sorted({**self.standing, **self.finished}.items())]


def _split(
    candidates: Iterable[Candidate], settled: set[str]
) -> tuple[list[Candidate], list[Candidate]]:
    """Those to evaluate, and those whose architecture has been or will be evaluated anyway."""
    fresh: list[Candidate] = []
    repeated: list[Candidate] = []
    for candidate in candidates:
        fingerprint = candidate.proposal.genome.fingerprint
        (repeated if fingerprint in settled else fresh).append(candidate)
        settled.add(fingerprint)
    return fresh, repeated


def _repeat(candidate: Candidate, twin: Trial) -> Trial:
    """The trial of a candidate whose architecture was evaluated before."""
    return replace(
        twin, number=candidate.number, generation=candidate.generation,
        proposal=candidate.proposal, seconds=0.0,
    )  # fmt: skip


def _all_failed(trials: Sequence[Trial]) -> str:
    reasons = Counter(trial.reason for trial in trials)
    reason, count = reasons.most_common(1)[0]
    return (
        f"all of the first {len(trials)} candidates failed, {count} of them with: "
        f"{reason}; change what it speaks of (training.time_limit, training.batch_size, "
        "space.families …) and search anew; each reason is in the run's report.html"
    )
