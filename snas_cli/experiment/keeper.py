"""Keeps the weights of the leaders, and the best network of all ready for use at any moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snas_cli.api import Genome, Trial
from snas_cli.experiment.assembly import Assembly
from snas_cli.experiment.bundle import architecture_document
from snas_cli.runs.files import replace_folder, write_json
from snas_cli.runs.folder import RunFolder
from snas_cli.runs.weights import load_weights, save_weights
from snas_cli.search.listener import Listener
from snas_cli.search.ranking import leaders

if TYPE_CHECKING:
    from torch import Tensor


class Keeper(Listener):
    """Publishes to best/ whenever a trial is better than all before it."""

    def __init__(self, assembly: Assembly, folder: RunFolder, recorded: Iterable[Trial]) -> None:
        self._assembly = assembly
        self._folder = folder
        self._trials = list(recorded)
        if self._trials:
            self._publish_leader(before=None)

    def trial_finished(self, trial: Trial) -> None:
        before = self._leader()
        self._trials.append(trial)
        self._publish_leader(before)

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        """Deletes the weights of all but the leaders."""
        top = leaders(self._trials, self._assembly.recipe.finale.top)
        kept = {self.search_weights(trial.genome) for trial in top}
        for path in self._folder.weights.glob("search-*.safetensors"):
            if path not in kept:
                path.unlink()

    def search_weights(self, genome: Genome) -> Path:
        return self._folder.weights / f"search-{genome.fingerprint}.safetensors"

    def final_weights(self, genome: Genome) -> Path:
        return self._folder.weights / f"final-{genome.fingerprint}.safetensors"

    def kept(self, genome: Genome) -> Path:
        """The weights of the search. Where they are gone, for the run is resumed from a checkpoint
        of long ago, training gives the same again: its seed is the genome's own."""
        weights = self.search_weights(genome)
        if not weights.exists():
            self.train(genome)
        return weights

    def train(self, genome: Genome) -> Mapping[str, float]:
        """Trains as the search does, keeps the weights and returns the metrics."""
        trained = self._assembly.workshop.train(genome)
        save_weights(self.search_weights(genome), trained.network.state_dict(), genome.fingerprint)
        return trained.metrics

    def publish(self, genome: Genome, weights: Path, metrics: Mapping[str, Any]) -> None:
        """Makes best/ hold this network: all three files, or the ones before."""
        state = load_weights(weights, genome.fingerprint)
        replace_folder(self._folder.best, lambda best: self._fill(best, genome, state, metrics))

    def _fill(
        self, best: Path, genome: Genome, state: dict[str, Tensor], metrics: Mapping[str, Any]
    ) -> None:
        write_json(best / "architecture.json", architecture_document(genome, self._assembly.data))
        write_json(best / "metrics.json", metrics)
        save_weights(best / "model.safetensors", state, genome.fingerprint)

    def _leader(self) -> Trial | None:
        return next(iter(leaders(self._trials, 1)), None)

    def _publish_leader(self, before: Trial | None) -> None:
        leader = self._leader()
        if leader is not None and leader is not before:
            self.publish(leader.genome, self.kept(leader.genome), search_metrics(leader))


def search_metrics(trial: Trial) -> dict[str, Any]:
    """best/metrics.json for a network as the search trained it."""
    return {"stage": "search", **description(trial), **trial.metrics}


def description(trial: Trial) -> dict[str, Any]:
    genome = trial.genome
    return {
        "trial": trial.number,
        "family": genome.family,
        "fingerprint": genome.fingerprint,
    }
