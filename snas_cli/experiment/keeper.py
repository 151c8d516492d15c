"""Keeps the weights of the leaders and of those that others start from, and the best network of
all ready for use at any moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snas_cli.api import Genome, Trial
from snas_cli.experiment.assembly import Assembly
from snas_cli.experiment.bundle import architecture_document
from snas_cli.experiment.judging import search_metrics
from snas_cli.experiment.training_jobs import Donor, TrainingJob, carry_out
from snas_cli.recipe.resolve import objectives_of
from snas_cli.runs.files import replace_folder, write_json
from snas_cli.runs.folder import RunFolder
from snas_cli.runs.weights import load_weights, save_weights
from snas_cli.search.listener import Listener
from snas_cli.search.loop import Record
from snas_cli.search.ranking import by_dominance, contenders, front, leaders
from snas_cli.search.rungs import rung_of
from snas_cli.training.batches import batches_per_epoch
from snas_cli.training.layers import Layer, measure_layers
from snas_cli.training.sharing import donor, members
from snas_cli.training.stages import stage_of

if TYPE_CHECKING:
    from torch import Tensor


class Keeper(Listener):
    """Publishes to best/ whenever a trial is better than all before it."""

    def __init__(self, assembly: Assembly, folder: RunFolder, record: Record) -> None:
        self._assembly = assembly
        self._folder = folder
        self._by_number = {trial.number: trial for trial in (*record.rungs, *record.trials)}
        self._objectives = objectives_of(assembly.recipe)
        if self._by_number:
            self._publish_leader(before=None)

    @property
    def _trials(self) -> list[Trial]:
        """As of the rung that each has reached so far."""
        return list(self._by_number.values())

    def rung_reached(self, trial: Trial) -> None:
        before = self._leader()
        self._by_number[trial.number] = trial
        self._publish_leader(before)

    def trial_finished(self, trial: Trial) -> None:
        self.rung_reached(trial)

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        """Deletes the weights of all but the leaders and the pools that candidates to come start
        from."""
        if any(trial.generation > generation for trial in self._trials):
            return  # long over: the run is resumed, and the candidates to come are later ones
        pools = members(self._trials, self._assembly.recipe.sharing)
        self._delete_all_but([*self._to_keep(), *pools])

    def search_over(self) -> None:
        """Nobody will start from the pools any more."""
        self._delete_all_but(self._to_keep())

    def _delete_all_but(self, trials: Iterable[Trial]) -> None:
        kept = {self.kept(trial) for trial in trials}
        for path in self._folder.weights.glob("search-*.safetensors"):
            if path not in kept:
                path.unlink()

    def _to_keep(self) -> list[Trial]:
        """Those that may be trained again at the end, that make the front, or that may be trained
        on: the best of each rung but the last."""
        search, objectives = self._assembly.recipe.search, self._objectives
        rank = by_dominance(objectives)
        kept = contenders(self._trials, self._assembly.recipe.finale.top)
        for rung in range(1, search.rungs.stages):
            there = [trial for trial in self._trials if len(trial.rungs) == rung]
            kept += leaders(there, search.population_size, rank)
        return kept + (front(self._trials, objectives) if len(objectives) > 1 else [])

    def search_weights(self, genome: Genome, rung: int = 0) -> Path:
        suffix = f"-{rung}" if rung else ""
        return self._folder.weights / f"search-{genome.fingerprint}{suffix}.safetensors"

    def final_weights(self, genome: Genome, repeat: int = 0) -> Path:
        suffix = f"-{repeat}" if repeat else ""
        return self._folder.weights / f"final-{genome.fingerprint}{suffix}.safetensors"

    def kept(self, trial: Trial) -> Path:
        """The weights of the search. Where they are gone, for the run is resumed from a checkpoint
        of long ago, training gives the same again: its seed is the genome's own, and so is what
        it starts from. That may have to be trained again first, and is always older."""
        return self._weights(trial.genome, trial.generation, rung_of(trial))

    def _weights(self, genome: Genome, generation: int, rung: int) -> Path:
        weights = self.search_weights(genome, rung)
        if not weights.exists():
            carry_out(self.job(genome, generation, rung), self._assembly)
        return weights

    def job(self, genome: Genome, generation: int, rung: int = 0) -> TrainingJob:
        """How the search trains a candidate of this generation to a rung."""
        generation = min([generation, *self._generations_of(genome)])  # in which it came up
        workshop, rungs = self._assembly.workshop, self._assembly.recipe.search.rungs
        job = TrainingJob(genome, str(self.search_weights(genome, rung)))
        if rungs.stages > 1:
            batches = batches_per_epoch(workshop.data, workshop.settings)
            stage = stage_of(rung, rungs, workshop.settings, batches)
            job = replace(job, epochs=stage.epochs, max_batches=stage.max_batches)
        if rung:
            below = self._weights(genome, generation, rung - 1)
            return replace(job, variant=f"rung {rung}", start=str(below))
        return replace(job, donor=self._donor(genome, generation))

    def _generations_of(self, genome: Genome) -> Iterator[int]:
        fingerprint = genome.fingerprint
        return (t.generation for t in self._trials if t.genome.fingerprint == fingerprint)

    def _donor(self, genome: Genome, generation: int) -> Donor | None:
        """Whom a candidate of this generation inherits from."""
        sharing = self._assembly.recipe.sharing
        if not sharing.enabled:
            return None
        earlier = [trial for trial in self._trials if trial.generation < generation]
        chosen = donor(genome, earlier, self._assembly.space, sharing)
        if chosen is None:
            return None
        return Donor(chosen.number, chosen.genome.fingerprint, str(self.kept(chosen)))

    def publish(self, genome: Genome, weights: Path, metrics: Mapping[str, Any]) -> None:
        """Makes best/ hold this network: all four files, or the ones before."""
        state = load_weights(weights, genome.fingerprint)
        replace_folder(self._folder.best, lambda best: self._fill(best, genome, state, metrics))

    def _fill(
        self, best: Path, genome: Genome, state: dict[str, Tensor], metrics: Mapping[str, Any]
    ) -> None:
        write_json(best / "architecture.json", architecture_document(genome, self._assembly.data))
        write_json(best / "metrics.json", metrics)
        write_json(best / "layers.json", {"layers": list(map(vars, self._layers(genome)))})
        save_weights(best / "model.safetensors", state, genome.fingerprint)

    def _layers(self, genome: Genome) -> list[Layer]:
        family = self._assembly.workshop.family(genome.family)
        return measure_layers(family, genome.genes, self._assembly.data.task)

    def _leader(self) -> Trial | None:
        return next(iter(leaders(self._trials, 1)), None)

    def _publish_leader(self, before: Trial | None) -> None:
        leader = self._leader()
        if leader is not None and leader is not before:
            self.publish(leader.genome, self.kept(leader), search_metrics(leader))
