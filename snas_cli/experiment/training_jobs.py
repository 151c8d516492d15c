"""What a worker trains: a network, from where, for how long, and where its weights go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from snas_cli import __version__
from snas_cli.api import DistantSetup, DistantWork, Files, Genome, SearchError, Slot, Space
from snas_cli.data.shipping import packed, unpacked
from snas_cli.data.splits import read_manifest
from snas_cli.experiment.assembly import Assembly, assemble, fitted_out
from snas_cli.experiment.bulletins import Bulletin, board_of, post, take_down
from snas_cli.recipe.document import Document, read_document
from snas_cli.recipe.loading import check
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.runs.weights import load_weights, save_weights
from snas_cli.training.sharing import transfer

if TYPE_CHECKING:
    import numpy as np


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
    mirrored: bool = False  # half of the pictures, likewise
    start: str | None = None  # the path of the network's own weights, to go on from
    donor: Donor | None = None
    proxies: tuple[str, ...] = ()  # zero-cost scores that are asked for

    @property
    def reads(self) -> tuple[str, ...]:
        """The files that training starts from."""
        donor = None if self.donor is None else self.donor.weights
        return tuple(path for path in (self.start, donor) if path is not None)

    @property
    def writes(self) -> tuple[str, ...]:
        return (self.weights,)

    def moved(self, places: Mapping[str, str]) -> TrainingJob:
        """The same with its files in other places."""
        donor = self.donor and replace(self.donor, weights=places[self.donor.weights])
        start = None if self.start is None else places[self.start]
        return replace(self, weights=places[self.weights], start=start, donor=donor)

    def to_json(self) -> dict[str, Any]:
        return {
            **vars(self),
            "genome": self.genome.to_json(),
            "donor": self.donor and vars(self.donor),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], space: Space) -> TrainingJob:
        genome, donor = space.from_json(document["genome"]), document["donor"]
        proxies = tuple(document["proxies"])
        return cls(**{**document, "genome": genome, "donor": donor and Donor(**donor),
                      "proxies": proxies})  # fmt: skip


def carry_out(
    job: TrainingJob, assembly: Assembly, tell: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Trains, writes the weights and returns the `metrics`, the `curve`, one mapping an epoch, and
    the `proxies`; with a donor, the metrics have `donor`, its number, and `shared`, the share of
    the parameters that come from it; where the job asks for it, `mirrored`, the share of the
    pictures. `tell` is told of each epoch (see Workshop). Raises CandidateError, RunError."""
    proxies = assembly.proxies(job.genome, job.proxies) if job.proxies else {}
    workshop = replace(assembly.workshop.varied(job.variant), tell=tell)
    if job.whole_epochs:
        workshop = workshop.with_whole_epochs()
    if job.mirrored:
        workshop = workshop.with_mirrored()
    start: Mapping[str, Tensor] | None = None
    about: dict[str, float] = {"mirrored": 0.5} if job.mirrored else {}
    if job.start is not None:
        start = load_weights(Path(job.start), job.genome.fingerprint)
    elif job.donor is not None:
        network = workshop.build(job.genome)
        state = load_weights(Path(job.donor.weights), job.donor.fingerprint)
        transferred = transfer(network, state, slices=assembly.recipe.sharing.slices)
        start = network.state_dict()
        about |= {"donor": job.donor.trial, "shared": transferred.share}
    trained = workshop.train(job.genome, job.epochs, start=start, max_batches=job.max_batches)
    save_weights(Path(job.weights), trained.network.state_dict(), job.genome.fingerprint)
    return {
        "metrics": {**trained.metrics, **about},
        "curve": [vars(epoch) for epoch in trained.history],
        "proxies": proxies,
    }


def make(arguments: Mapping[str, Any], slot: Slot) -> Callable[[Mapping[str, Any]], Any]:
    """A worker's function: from a job's JSON to its metrics and curve. `arguments` name the run,
    whose recipe and splits are read; decoded pictures are shared by all workers (see
    snas_cli.data.cache)."""
    torch.set_num_threads(1)
    folder, registry = RunFolder(Path(arguments["run"])), Registry.installed()
    recipe = check(read_document(folder.recipe), registry)
    assembly = assemble(recipe, registry, splits=read_manifest(folder.splits))
    return partial(_done, assembly, folder, slot.number)


def _done(
    assembly: Assembly, folder: RunFolder, worker: int, payload: Mapping[str, Any]
) -> dict[str, Any]:
    """Tells of each epoch on the worker's board."""
    job, board = TrainingJob.from_json(payload, assembly.space), board_of(folder, worker)

    def tell(epoch: int, epochs: int) -> None:
        genome = job.genome
        post(board, Bulletin(worker, genome.family, genome.fingerprint, job.whole_epochs,
                             epoch + 1, epochs))  # fmt: skip

    try:
        return carry_out(job, assembly, tell)
    finally:
        take_down(board)


def distant_setup(assembly: Assembly) -> DistantSetup | None:
    """For workers on other machines; None for pictures that are too many to be sent to them."""
    cargo = packed(assembly.data)
    if cargo is None:
        return None
    about, arrays = cargo
    recipe = assembly.recipe.model_dump(mode="json")
    arguments = {"version": __version__, "recipe": recipe, "data": about}
    return DistantSetup(f"{__name__}:make_distant", arguments, arrays)


def make_distant(
    arguments: Mapping[str, Any], _slot: Slot, arrays: Mapping[str, np.ndarray]
) -> DistantWork:
    """As `make`, with recipe, splits and pictures at hand. Raises SearchError where the other
    machine has another snas."""
    if arguments["version"] != __version__:
        raise SearchError(
            f"a worker's machine has snas {__version__}, and this one {arguments['version']}; "
            "install the same on both"
        )
    torch.set_num_threads(1)
    registry = Registry.installed()
    recipe = check(Document("the recipe", dict(arguments["recipe"])), registry)
    return partial(_done_apart, fitted_out(recipe, registry, unpacked(arguments["data"], arrays)))


def _done_apart(
    assembly: Assembly, payload: Mapping[str, Any], files: Files
) -> tuple[dict[str, Any], Files]:
    job = TrainingJob.from_json(payload, assembly.space)
    with TemporaryDirectory(prefix="snas-job-") as folder:
        paths = dict.fromkeys((*job.reads, *job.writes))
        places = {path: str(Path(folder, str(n))) for n, path in enumerate(paths)}
        for path in job.reads:
            Path(places[path]).write_bytes(files[path])
        done = carry_out(job.moved(places), assembly)
        return done, {path: Path(places[path]).read_bytes() for path in job.writes}
