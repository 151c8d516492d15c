"""The search loop: ask the strategy, have its proposals evaluated, tell it what became of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from snas_cli.api import Candidate, Strategy, Trial
from snas_cli.errors import RunError, SearchError
from snas_cli.search.listener import Listener

Evaluate = Callable[[Sequence[Candidate]], Iterator[Trial]]
"""Evaluates candidates and yields a trial for each, in whatever order they finish."""


def seeded(*parts: object) -> Random:
    """A generator that depends on `parts` alone, and not on Python's hash seed or any order."""
    digest = hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return Random(int.from_bytes(digest, "big"))


@dataclass
class Search:
    """A search for `generations` generations, with `recorded` trials of an earlier attempt."""

    strategy: Strategy
    evaluate: Evaluate
    seed: int
    generations: int
    recorded: Mapping[int, Trial]
    listener: Listener

    def run(self) -> list[Trial]:
        """All trials in the order of their numbers.

        Raises SearchError where a whole first generation fails, RunError where `recorded` does not
        belong to this search.
        """
        trials: list[Trial] = []
        for generation in range(self.generations):
            finished = self._generation(generation, trials)
            trials += finished
            self.strategy.tell(finished)
            self.listener.generation_finished(generation, finished)
            if all(trial.failed for trial in trials):
                raise SearchError(_all_failed(trials))
        return trials

    def _generation(self, generation: int, before: Sequence[Trial]) -> list[Trial]:
        numbers = range(len(before), len(before) + self.strategy.batch_size)
        rngs = [seeded(self.seed, "proposal", number) for number in numbers]
        candidates = [
            Candidate(number, generation, proposal)
            for number, proposal in zip(numbers, self.strategy.ask(rngs), strict=True)
        ]
        self.listener.generation_started(generation, len(candidates))
        done = {trial.number: trial for trial in self._recorded(candidates)}
        known = {trial.genome.fingerprint: trial for trial in (*before, *done.values())}
        waiting = [candidate for candidate in candidates if candidate.number not in done]
        fresh, repeated = _split(waiting, set(known))
        for trial in self.evaluate(fresh):
            self.listener.trial_finished(trial)
            done[trial.number] = trial
            known[trial.genome.fingerprint] = trial
        for candidate in repeated:
            trial = _repeat(candidate, known[candidate.proposal.genome.fingerprint])
            self.listener.trial_finished(trial)
            done[trial.number] = trial
        return [done[number] for number in numbers]

    def _recorded(self, candidates: Iterable[Candidate]) -> Iterator[Trial]:
        for candidate in candidates:
            trial = self.recorded.get(candidate.number)
            if trial is None:
                continue
            if trial.proposal != candidate.proposal:
                raise RunError(
                    f"trial {trial.number} was recorded for another architecture than this search "
                    "proposes: the recipe, a plugin or snas itself has changed since; "
                    "resume with what the run was started with, or start a new one"
                )
            yield trial


def _split(
    candidates: Iterable[Candidate], seen: set[str]
) -> tuple[list[Candidate], list[Candidate]]:
    """Those to evaluate, and those whose architecture has been or will be evaluated anyway."""
    fresh: list[Candidate] = []
    repeated: list[Candidate] = []
    for candidate in candidates:
        fingerprint = candidate.proposal.genome.fingerprint
        (repeated if fingerprint in seen else fresh).append(candidate)
        seen.add(fingerprint)
    return fresh, repeated


def _repeat(candidate: Candidate, twin: Trial) -> Trial:
    """The trial of a candidate whose architecture was evaluated before."""
    return Trial(
        candidate.number,
        candidate.generation,
        candidate.proposal,
        twin.fitness,
        twin.metrics,
        twin.reason,
    )


def _all_failed(trials: Sequence[Trial]) -> str:
    reasons = Counter(trial.reason for trial in trials)
    reason, count = reasons.most_common(1)[0]
    return (
        f"all {len(trials)} candidates of the first generation failed, {count} of them with: "
        f"{reason}; the reasons are in the run's journal"
    )
