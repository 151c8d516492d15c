"""A search in which a plugin's evaluator judges: nothing is trained, and no pictures are read."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from random import Random
from typing import Any

from snas_cli.api import (
    Candidate,
    CandidateError,
    Evaluation,
    Evaluator,
    Genome,
    SearchError,
    Space,
    Trial,
    guarded,
)
from snas_cli.errors import RunError
from snas_cli.execution.inline import evaluate_inline
from snas_cli.experiment.judging import Desk, Judge, Proceedings, search_metrics
from snas_cli.experiment.limits import limits_of
from snas_cli.recipe.resolve import space_of
from snas_cli.recipe.schema import LimitSettings, Recipe
from snas_cli.registry import Registry
from snas_cli.runs.documents import DATA, read_checked
from snas_cli.runs.files import replace_folder, write_json
from snas_cli.runs.folder import RunFolder
from snas_cli.search.listener import Listener
from snas_cli.search.ranking import leaders

FORMAT = 1


@dataclass(frozen=True)
class EvaluatorJudge(Judge):
    recipe: Recipe
    registry: Registry
    space: Space
    evaluator: Evaluator

    @property
    def subject(self) -> str:
        return self.evaluator.name

    def describe(self) -> list[tuple[str, str]]:
        options = json.dumps(self.recipe.evaluator.options, ensure_ascii=False)
        return [("evaluator", f"{self.evaluator.name} {options}" if options != "{}" else
                 self.evaluator.name)]  # fmt: skip

    def trials_within(self, seconds: float) -> float:
        """By one random genome's evaluation."""
        genome = self.space.sample(Random(0))
        began = time.monotonic()
        guarded(lambda: self.evaluator.evaluate(genome))
        return seconds / max(time.monotonic() - began, 1e-3)

    @property
    def patience(self) -> int:
        """Of some tables most architectures are no networks, and others cost little to try."""
        return max(100, super().patience)

    def cost(self, genome: Genome) -> Mapping[str, float]:
        """Raises SearchError for a limit on what the evaluator does not know. The limits that a
        recipe has by default are meant for training."""
        cost = self.evaluator.cost(genome)
        usual = limits_of(LimitSettings())
        for name, limit in limits_of(self.recipe.limits).items():
            if name not in cost and usual.get(name) != limit:
                raise SearchError(
                    f"limits.max_{name}: the evaluator {self.evaluator.name!r} does not know the "
                    f"{name} of a network, but {', '.join(sorted(cost)) or 'no cost at all'}"
                )
        return cost

    def proxies(self, genome: Genome, names: Collection[str]) -> Mapping[str, float]:
        return {}

    def digest(self) -> str:
        settings = self.recipe.evaluator
        return json.dumps([settings.name, settings.options], sort_keys=True)

    def check(self, folder: RunFolder) -> None:
        if not folder.data.exists():
            write_json(folder.data, {"digest": self.digest()})
        elif read_checked(folder.data, DATA)["digest"] != self.digest():
            raise RunError(f"{folder.path} was judged by another evaluator; start a new search")

    def open(self, desk: Desk) -> Proceedings:
        return _Proceedings(self, desk)


def _check_numbers(scores: Mapping[str, object]) -> None:
    """Raises CandidateError for what a journal cannot hold."""
    for name, score in scores.items():
        if isinstance(score, bool) or not isinstance(score, int | float) or not isfinite(score):
            raise CandidateError(f"the evaluator's {name} is {score!r}, not a finite number")


class _Proceedings(Proceedings):
    def __init__(self, judge: EvaluatorJudge, desk: Desk) -> None:
        self._judge = judge
        self._keeper = _Keeper(desk, judge.evaluator.name)

    @property
    def listener(self) -> Listener:
        return self._keeper

    def evaluate(self, candidates: Sequence[Candidate]) -> Iterator[Trial]:
        def evaluate_one(candidate: Candidate) -> Evaluation:
            genome, evaluator = candidate.proposal.genome, self._judge.evaluator
            evaluation = evaluator.evaluate(genome)
            metrics = {**evaluator.cost(genome), **evaluation.metrics}
            _check_numbers({"fitness": evaluation.fitness, **metrics})
            return Evaluation(evaluation.fitness, metrics)

        return evaluate_inline(candidates, evaluate_one)

    def conclude(self, trials: Sequence[Trial], listener: Listener) -> dict[str, Any]:
        return search_metrics(leaders(trials, 1)[0])


class _Keeper(Listener):
    """Keeps the best architecture in best/."""

    def __init__(self, desk: Desk, evaluator: str) -> None:
        self._folder = desk.folder
        self._evaluator = evaluator
        self._best: float | None = None
        for trial in desk.record.trials:
            self.trial_finished(trial)

    def trial_finished(self, trial: Trial) -> None:
        if trial.fitness is None or (self._best is not None and trial.fitness <= self._best):
            return
        self._best = trial.fitness
        document = {"format": FORMAT, "evaluator": self._evaluator,
                    "fingerprint": trial.genome.fingerprint,
                    **trial.genome.to_json()}  # fmt: skip

        def fill(best: Any) -> None:
            write_json(best / "architecture.json", document)
            write_json(best / "metrics.json", search_metrics(trial))

        replace_folder(self._folder.best, fill)

    def trial_halted(self, trial: Trial) -> None:
        self.trial_finished(trial)


def evaluator_judge(recipe: Recipe, registry: Registry) -> EvaluatorJudge:
    """Raises PluginError, RecipeError, SearchError."""
    space = space_of(recipe.space, registry)
    evaluator = registry.evaluator(recipe.evaluator.name)(recipe.evaluator.options)
    return EvaluatorJudge(recipe, registry, space, evaluator)
