"""The end of a search: the leaders are trained again, longer, and one is chosen and tested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from snas_cli.api import Trial
from snas_cli.execution.guard import Failure, guarded
from snas_cli.experiment.assembly import Assembly
from snas_cli.experiment.keeper import Keeper, description, search_metrics
from snas_cli.runs.folder import RunFolder
from snas_cli.runs.journal import Journal
from snas_cli.runs.weights import load_weights, save_weights
from snas_cli.search.listener import Listener
from snas_cli.search.ranking import leaders
from snas_cli.training.candidates import fitness_of


class Finale:
    """Retrains the leaders that are not in the journal yet, then publishes the winner."""

    def __init__(
        self, assembly: Assembly, folder: RunFolder, journal: Journal, keeper: Keeper
    ) -> None:
        self._assembly = assembly
        self._folder = folder
        self._journal = journal
        self._keeper = keeper

    def run(self, trials: Sequence[Trial], listener: Listener) -> dict[str, Any]:
        """The winner's metrics. The choice is made on validation alone; the test pictures are
        used once, for the winner."""
        top = leaders(trials, self._assembly.recipe.finale.top)
        done = {event["fingerprint"]: event for event in self._folder.events("finalist")}
        results = []
        for rank, trial in enumerate(top, 1):
            fingerprint = trial.genome.fingerprint
            if fingerprint not in done:
                listener.finalist_started(trial.genome, rank, len(top))
                done[fingerprint] = self._retrain(trial)
                self._journal.write("finalist", **done[fingerprint])
            results.append((trial, done[fingerprint]))
        return self._choose(results)

    def _retrain(self, trial: Trial) -> dict[str, Any]:
        genome = trial.genome
        epochs = self._assembly.recipe.finale.epochs
        trained = guarded(lambda: self._assembly.workshop.with_whole_epochs().train(genome, epochs))
        if isinstance(trained, Failure):
            return {**description(trial), "reason": trained.reason}
        weights = self._keeper.final_weights(genome)
        save_weights(weights, trained.network.state_dict(), genome.fingerprint)
        return {**description(trial), "reason": None, "metrics": dict(trained.metrics)}

    def _choose(self, results: Sequence[tuple[Trial, dict[str, Any]]]) -> dict[str, Any]:
        """A network from the search stays in the running, for longer training can make worse."""
        keeper = self._keeper
        entries = [
            ({"stage": "final", **description(trial), **result["metrics"]},
             keeper.final_weights(trial.genome), trial)
            for trial, result in results if result["reason"] is None
        ]  # fmt: skip
        entries += [(search_metrics(trial), keeper.kept(trial), trial) for trial, _ in results]
        settings = self._assembly.recipe.training
        metrics, weights, trial = max(entries, key=lambda entry: fitness_of(entry[0], settings))
        network = self._assembly.workshop.build(trial.genome)
        network.load_state_dict(load_weights(weights, trial.genome.fingerprint))
        metrics |= self._assembly.workshop.test(network)
        keeper.publish(trial.genome, weights, metrics)
        return metrics
