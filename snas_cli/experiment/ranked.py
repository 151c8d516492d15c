"""Networks of a run other than its best, as far as their weights were kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from snas_cli.api import Trial
from snas_cli.errors import RunError, UsageError
from snas_cli.experiment.bundle import Bundle, find_architecture, read_bundle
from snas_cli.recipe.document import read_document
from snas_cli.recipe.loading import check
from snas_cli.recipe.resolve import objectives_of, space_of
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.search.ranking import front, leaders
from snas_cli.training.candidates import fitness_of


@dataclass(frozen=True)
class Kept:
    """A network of a run, and the file that its weights are in."""

    bundle: Bundle
    weights: Path | None  # None: those beside the architecture, of the best network
    trial: int | None = None


class Ranking:
    """First the network in best/, then the others by their fitness in the search."""

    def __init__(self, folder: RunFolder, registry: Registry) -> None:
        self._folder = folder
        self._recipe: Recipe = check(read_document(folder.recipe), registry)
        self._trials = folder.trials(space_of(self._recipe.space, registry))
        self._best = read_bundle(find_architecture(folder.path), registry)

    def at(self, rank: int) -> Kept:
        """Counted from 1. Raises UsageError for a rank that the run has not, RunError where the
        weights were not kept."""
        if rank == 1:
            return Kept(self._best, None)
        others = self._others()
        if rank > len(others) + 1:
            raise UsageError(f"{self._folder.path} has {len(others) + 1} networks, so none of "
                             f"rank {rank}")  # fmt: skip
        return self._kept(others[rank - 2], f"the network of rank {rank}")

    def front(self) -> list[Kept]:
        """Of the Pareto front, the best by the first objective first. Raises UsageError for a run
        with one objective, RunError where weights were not kept."""
        objectives = objectives_of(self._recipe)
        if len(objectives) < 2:
            raise UsageError(
                f"{self._folder.path} sought one objective, so it has no Pareto front; search with "
                "several (snas search --objective), or export one with --rank 2"
            )
        return [self._kept(trial, f"trial {trial.number}")
                for trial in front(self._trials, objectives)]  # fmt: skip

    def _others(self) -> list[Trial]:
        best = self._best.genome.fingerprint
        ranked = leaders(self._trials, len(self._trials))
        return [trial for trial in ranked if trial.genome.fingerprint != best]

    def _kept(self, trial: Trial, what: str) -> Kept:
        genome = trial.genome
        weights = self._weights(trial)
        if weights is None and genome.fingerprint == self._best.genome.fingerprint:
            return Kept(self._best, None, trial.number)
        if weights is None:
            raise RunError(
                f"the weights of {what} of {self._folder.path} were not kept; kept are those of "
                f"{self._ranks()}. A search keeps three times finale.top, and its Pareto front"
            )
        card = replace(self._best.card, architecture=genome.to_json())
        return Kept(Bundle(self._best.path, genome, card), weights, trial.number)

    def _ranks(self) -> str:
        kept = [2 + place for place, trial in enumerate(self._others()) if self._weights(trial)]
        return f"the ranks {', '.join(map(str, [1, *kept]))}" if kept else "rank 1 alone"

    def _weights(self, trial: Trial) -> Path | None:
        """The better of those that it came to in the finale and in the search, on validation."""
        settings = self._recipe.training
        found = [(fitness_of(metrics, settings), path) for metrics, path in self._files(trial)
                 if path.exists()]  # fmt: skip
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def _files(self, trial: Trial) -> Iterator[tuple[Mapping[str, Any], Path]]:
        fingerprint, weights = trial.genome.fingerprint, self._folder.weights
        for event in self._folder.events("finalist"):
            if event["fingerprint"] == fingerprint and event["reason"] is None:
                suffix = f"-{event['repeat']}" if event["repeat"] else ""
                yield event["metrics"], weights / f"final-{fingerprint}{suffix}.safetensors"
        for path in sorted(weights.glob(f"search-{fingerprint}*.safetensors")):
            yield trial.metrics, path
