"""Listeners that pass on what happens: to the run directory, and to plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from snas_cli.api import Trial
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.runs.checkpoint import Checkpoint, save_checkpoint
from snas_cli.runs.folder import RunFolder
from snas_cli.runs.journal import Journal, trial_to_json
from snas_cli.search.listener import Listener, Plan


class Scribe(Listener):
    """Writes down what happens before anybody else hears of it."""

    def __init__(
        self,
        folder: RunFolder,
        journal: Journal,
        recipe: Recipe,
        digest: str,
        recorded: Sequence[Trial],
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._recipe = recipe
        self._digest = digest
        self._trials = {trial.number: trial for trial in recorded}

    def trial_finished(self, trial: Trial) -> None:
        self._journal.write("trial", **trial_to_json(trial))
        self._trials[trial.number] = trial

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        output = self._recipe.output
        last = generation + 1 == self._recipe.search.generations
        if (generation + 1) % output.checkpoint_every and not last:
            return
        done = [self._trials[number] for number in sorted(self._trials)]
        content = Checkpoint(
            generation=generation + 1,
            seed=self._recipe.seed,
            data_digest=self._digest,
            trials=[trial_to_json(trial) for trial in done if trial.generation <= generation],
        )
        save_checkpoint(self._folder.path, content, output.keep_checkpoints)


class Hooks(Listener):
    """Calls the observer hooks of plugins. One that fails is named, and not called again."""

    def __init__(self, registry: Registry, listener: Listener) -> None:
        self._registry = registry
        self._listener = listener

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        self._call("snas_search_started", folder=plan.folder, recipe=plan.recipe)

    def trial_finished(self, trial: Trial) -> None:
        self._call("snas_trial_finished", trial=trial)

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        self._call("snas_generation_finished", generation=generation, trials=trials)

    def search_finished(self, folder: Path, best: Mapping[str, Any]) -> None:
        self._call("snas_search_finished", folder=folder, best=best)

    def _call(self, hook: str, **arguments: Any) -> None:
        for plugin in self._registry.call(hook, **arguments):
            self._listener.notice(
                f"the plugin {plugin.origin} failed in {hook} and is switched off: {plugin.reason}"
            )
