"""The search loop: ask the strategy, have its proposals evaluated, tell it what became of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from snas_cli.api import Candidate, Proposal, Strategy, Trial, by_fitness
from snas_cli.errors import SearchError
from snas_cli.search.budget import Budget
from snas_cli.search.listener import Listener
from snas_cli.search.rungs import Evaluate, Ladder, Rank, Rungs, rung_of


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

    def run(self) -> list[Trial]:
        """All trials in the order of their numbers. Raises SearchError where all of the first
        candidates fail."""
        trials: list[Trial] = []
        for generation in range(self.generations) if self.generations else count():
            if self._is_over(trials) or self._is_late(generation, trials):
                break
            proposals = self._proposals(generation, trials)
            room = self.budget.room(trials)
            finished = self._finish(generation, proposals[:room], trials)
            trials += finished
            if len(finished) < len(proposals):
                break  # the budget ran out
            self.strategy.tell(finished)
            if generation not in self.record.proposals:
                for remark in self.strategy.remarks():
                    self.listener.notice(remark)
            self.listener.generation_finished(generation, finished)
            if all(trial.failed for trial in trials):
                raise SearchError(_all_failed(trials))
        if not trials:
            raise SearchError("the budget was spent before a single candidate could be judged; "
                              "give it more time")  # fmt: skip
        return trials

    def _is_over(self, trials: Sequence[Trial]) -> bool:
        """What was recorded belongs to the search whatever the budget."""
        return len(self.record.trials) <= len(trials) and self.budget.spent(trials) is not None

    def _is_late(self, generation: int, trials: Sequence[Trial]) -> bool:
        """Too late to begin a generation in rungs, whose best are trained at its end? One that was
        begun goes on."""
        if generation in self.record.proposals or self.rungs.of(generation) == 1:
            return False
        return not self.budget.allows_another(generation, trials)

    def _proposals(self, generation: int, before: Sequence[Trial]) -> Sequence[Proposal]:
        if generation in self.record.proposals:
            return self.record.proposals[generation]
        numbers = range(len(before), len(before) + self.strategy.batch_size)
        proposals = self.strategy.ask([seeded(self.seed, "proposal", n) for n in numbers])
        self.listener.proposed(generation, proposals)
        return proposals

    def _finish(
        self, generation: int, proposals: Sequence[Proposal], before: Sequence[Trial]
    ) -> list[Trial]:
        """The trials of a generation, by number: all of them, unless the budget runs out."""
        candidates = [
            Candidate(number, generation, proposal)
            for number, proposal in enumerate(proposals, len(before))
        ]
        self.listener.generation_started(generation, len(candidates))
        recorded = {trial.number: trial for trial in self.record.trials}
        done = {c.number: recorded[c.number] for c in candidates if c.number in recorded}
        if len(done) < len(candidates):
            for trial in self._evaluated(candidates, before, done):
                self.listener.trial_finished(trial)
                done[trial.number] = trial
        return [done[number] for number in sorted(done)]

    def _evaluated(
        self, candidates: Sequence[Candidate], before: Sequence[Trial], done: Mapping[int, Trial]
    ) -> Iterator[Trial]:
        """A trial for each candidate that is not done, until the budget is spent."""
        known = {trial.genome.fingerprint: trial for trial in before}
        generation = candidates[0].generation
        to_reach = self.rungs.of(generation)
        settled = {f for f, trial in known.items() if trial.failed or len(trial.rungs) >= to_reach}
        fresh, repeated = _split(candidates, settled)
        ladder = Ladder(
            evaluate=self.evaluate,
            rank=self.rank,
            rungs=self.rungs,
            listener=self.listener,
            earlier=known,
            reached={(t.number, rung_of(t)): t for t in (*self.record.rungs, *done.values())},
        )
        finished = [*before, *done.values()]
        if self._is_over(finished):
            return
        for trial in ladder.climb(fresh, generation):
            known[trial.genome.fingerprint] = trial
            if trial.number in done:
                continue
            finished.append(trial)
            yield trial
            if self._is_over(finished):
                return
        for candidate in repeated:
            if candidate.number not in done:
                yield _repeat(candidate, known[candidate.proposal.genome.fingerprint])


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
        f"all {len(trials)} candidates of the first generation failed, {count} of them with: "
        f"{reason}; change what it speaks of (training.time_limit, training.batch_size, "
        "space.families …) and search anew; each reason is in the run's report.html"
    )
