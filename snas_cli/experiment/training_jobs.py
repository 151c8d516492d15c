"""What a worker trains: a network, from where, for how long, and where its weights go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from snas_cli.api import Genome, Slot, Space
from snas_cli.data.splits import read_manifest
from snas_cli.experiment.assembly import Assembly, assemble
from snas_cli.recipe.document import read_document
from snas_cli.recipe.loading import check
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.runs.weights import load_weights, save_weights
from snas_cli.training.sharing import transfer


@dataclass(frozen=True)
class Donor:
    """Whose weights a network inherits, as far as they fit."""

    trial: int  # its number
    fingerprint: str
    weights: str  # the path


@dataclass(frozen=True)
class TrainingJob:
    """Plain data, so that it can be sent to another process."""

    genome: Genome
    weights: str  # the path where they go
    variant: str = ""  # see Workshop.varied
    epochs: int | None = None  # None: as the recipe says
    max_batches: int | None = None  # in an epoch, likewise
    whole_epochs: bool = False  # whatever the recipe says
    start: str | None = None  # the path of the network's own weights, to go on from
    donor: Donor | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            **vars(self),
            "genome": self.genome.to_json(),
            "donor": self.donor and vars(self.donor),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], space: Space) -> TrainingJob:
        genome, donor = space.from_json(document["genome"]), document["donor"]
        return cls(**{**document, "genome": genome, "donor": donor and Donor(**donor)})


def carry_out(job: TrainingJob, assembly: Assembly) -> dict[str, float]:
    """Trains, writes the weights and returns the metrics; with a donor also `donor`, its number,
    and `shared`, the share of the parameters that come from it. Raises CandidateError, RunError."""
    workshop = assembly.workshop.varied(job.variant)
    if job.whole_epochs:
        workshop = workshop.with_whole_epochs()
    start: Mapping[str, Tensor] | None = None
    inherited: dict[str, float] = {}
    if job.start is not None:
        start = load_weights(Path(job.start), job.genome.fingerprint)
    elif job.donor is not None:
        network = workshop.build(job.genome)
        state = load_weights(Path(job.donor.weights), job.donor.fingerprint)
        transferred = transfer(network, state, slices=assembly.recipe.sharing.slices)
        start = network.state_dict()
        inherited = {"donor": job.donor.trial, "shared": transferred.share}
    trained = workshop.train(job.genome, job.epochs, start=start, max_batches=job.max_batches)
    save_weights(Path(job.weights), trained.network.state_dict(), job.genome.fingerprint)
    return {**trained.metrics, **inherited}


def make(arguments: Mapping[str, Any], _slot: Slot) -> Callable[[Mapping[str, Any]], Any]:
    """A worker's function: from a job's JSON to its metrics. `arguments` name the run, whose recipe
    and splits are read; decoded pictures are shared by all workers (see snas_cli.data.cache)."""
    torch.set_num_threads(1)
    folder, registry = RunFolder(Path(arguments["run"])), Registry.installed()
    recipe = check(read_document(folder.recipe), registry)
    assembly = assemble(recipe, registry, splits=read_manifest(folder.splits))
    return partial(_done, assembly)


def _done(assembly: Assembly, payload: Mapping[str, Any]) -> dict[str, float]:
    return carry_out(TrainingJob.from_json(payload, assembly.space), assembly)
