"""Listeners that pass on what happens: to the run directory, and to plugins."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from snas_cli.api import Objective, Proposal, Trial, diversity
from snas_cli.experiment.curves import Curves
from snas_cli.experiment.judging import Desk, Judge
from snas_cli.kinds.strategies import level_of
from snas_cli.recipe.resolve import levels_of, objectives_of
from snas_cli.registry import Registry
from snas_cli.runs.checkpoint import Checkpoint, save_checkpoint
from snas_cli.runs.files import write_json
from snas_cli.runs.journal import proposal_to_json, trial_to_json
from snas_cli.search.listener import Listener, Plan
from snas_cli.search.ranking import front, hypervolume, reference_point


class Stopwatch:
    """How many seconds a run has taken, earlier attempts as far as they were written down."""

    def __init__(self, events: Iterable[Mapping[str, Any]]) -> None:
        self._before = max((event.get("elapsed", 0.0) for event in events), default=0.0)
        self._started = time.monotonic()

    def __call__(self) -> float:
        return round(self._before + time.monotonic() - self._started, 3)


class Scribe(Listener):
    """Writes down what happens before anybody else hears of it."""

    def __init__(self, judge: Judge, desk: Desk, elapsed: Callable[[], float]) -> None:
        self._judge = judge
        self._folder = desk.folder
        self._journal = desk.journal
        self._elapsed = elapsed
        self._trials = {trial.number: trial for trial in desk.record.trials}
        self._generations = 0  # that are over
        self._saved = 0  # generations that the latest checkpoint holds
        self._written = {event["generation"] for event in desk.folder.events("generation")}
        self._objectives = objectives_of(judge.recipe)
        self._levels = len(levels_of(judge.recipe, judge.registry))
        self._planned = 1  # generations

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        self._planned = plan.generations

    def notice(self, what: str) -> None:
        self._journal.write("notice", what=what)

    def proposed(self, generation: int, proposals: Sequence[Proposal]) -> None:
        self._journal.write("proposed", generation=generation,
                            proposals=[proposal_to_json(p) for p in proposals])  # fmt: skip

    def rung_reached(self, trial: Trial) -> None:
        self._journal.write("rung", **trial_to_json(trial), elapsed=self._elapsed())

    def trial_finished(self, trial: Trial) -> None:
        self._journal.write("trial", **trial_to_json(trial), elapsed=self._elapsed())
        self._trials[trial.number] = trial

    def trial_halted(self, trial: Trial) -> None:
        self._journal.write("halted", **trial_to_json(trial), elapsed=self._elapsed())

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        self._generations = generation + 1
        if len(self._objectives) > 1:
            write_json(self._folder.path / "pareto.json", self._front(generation))
        if generation not in self._written:
            self._journal.write("generation", **self._summary(generation, trials))
        if self._generations % self._judge.recipe.output.checkpoint_every == 0:
            self._save()

    def _summary(self, generation: int, trials: Sequence[Trial]) -> dict[str, Any]:
        """What the generation came to, for charts and people."""
        scores = [trial.fitness for trial in trials if trial.fitness is not None]
        genomes = [trial.genome for trial in trials]
        so_far = [t for t in self._trials.values() if t.generation <= generation]
        summary: dict[str, Any] = {
            "generation": generation,
            "best": max(scores, default=None),
            "mean": fmean(scores) if scores else None,
            "diversity": round(diversity(genomes, self._judge.space), 4),
            "elapsed": self._elapsed(),
        }
        if self._levels > 1:
            summary["level"] = level_of(generation, self._planned, self._levels) + 1
        if len(self._objectives) > 1 and scores:
            first = [trial for trial in so_far if trial.generation == 0]
            summary["front"] = [trial.number for trial in front(so_far, self._objectives)]
            summary["hypervolume"] = hypervolume(
                so_far, self._objectives, reference_point(first, self._objectives)
            )
        return summary

    def _front(self, generation: int) -> dict[str, Any]:
        """pareto.json: what each network of the front is worth. Their weights are kept."""
        so_far = [t for t in self._trials.values() if t.generation <= generation]
        return {
            "generation": generation,
            "front": [
                {"trial": trial.number, "family": trial.genome.family,
                 "fingerprint": trial.genome.fingerprint,
                 **{each.name: _in_units(each, trial) for each in self._objectives}}
                for trial in front(so_far, self._objectives)
            ],
        }  # fmt: skip

    def search_over(self) -> None:
        """The last generation is over, or the budget spent."""
        if self._saved < self._generations:
            self._save()

    def _save(self) -> None:
        recipe, done = self._judge.recipe, [self._trials[n] for n in sorted(self._trials)]
        content = Checkpoint(
            generation=self._generations,
            seed=recipe.seed,
            data_digest=self._judge.digest(),
            trials=[trial_to_json(trial) for trial in done if trial.generation < self._generations],
        )
        save_checkpoint(self._folder.path, content, recipe.output.keep_checkpoints)
        self._saved = self._generations


def _in_units(objective: Objective, trial: Trial) -> float | None:
    return trial.fitness if objective.metric is None else trial.metrics[objective.metric]


class Hooks(Listener):
    """Calls the observer hooks of plugins. One that fails is named, and not called again."""

    def __init__(self, registry: Registry, listener: Listener, curves: Curves) -> None:
        self._registry = registry
        self._curves = curves
        self._listener = listener

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        self._call("snas_search_started", folder=plan.folder, recipe=plan.recipe)

    def trial_finished(self, trial: Trial) -> None:
        self._call("snas_trial_finished", trial=trial, curve=self._curves.of(trial.number))

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        self._call("snas_generation_finished", generation=generation, trials=trials)

    def search_finished(self, folder: Path, best: Mapping[str, Any]) -> None:
        self._call("snas_search_finished", folder=folder, best=best)

    def _call(self, hook: str, **arguments: Any) -> None:
        for plugin in self._registry.call(hook, **arguments):
            self._listener.notice(
                f"the plugin {plugin.origin} failed in {hook} and is switched off: {plugin.reason}"
            )
