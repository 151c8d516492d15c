"""All that a plugin may import: the genes, the interface of each kind of component, `hookimpl`.

A component is a small class. A plugin module returns its instances (for strategies, which hold the
state of a run, the classes) from the hook of their kind; see `snas_cli.hookspecs`. Nothing here
imports torch, and plugin modules should import it only inside the methods that need it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

import pluggy

from snas_cli.errors import CandidateError, DataError, ExportError, SearchError, SnasError
from snas_cli.genome import Choice, Flag, Gene, Genes, Genome, Layers, Ordinal, Site, Space, Value

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image
    from torch import nn

__all__ = [
    "Candidate",
    "CandidateError",
    "Choice",
    "DataError",
    "DataRequest",
    "Dataset",
    "Evaluation",
    "ExportError",
    "Exporter",
    "Family",
    "Flag",
    "Gene",
    "Genes",
    "Genome",
    "LabelledImages",
    "Layers",
    "ModelCard",
    "Operator",
    "Ordinal",
    "Pictures",
    "Proposal",
    "Runtime",
    "SearchError",
    "SearchSetup",
    "Site",
    "SnasError",
    "Space",
    "Split",
    "Strategy",
    "Task",
    "Trial",
    "Value",
    "hookimpl",
]

hookimpl = pluggy.HookimplMarker("snas")


# --- families -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """What a network is built for."""

    input_shape: tuple[int, int, int]  # channels, height, width
    classes: int


class Family(ABC):
    """A kind of network: its genes as data, and how to build a network from them.

    Every family also has the genes of `snas_cli.recipe.customising.SHARED_GENES`: batch norm,
    dropout, learning rate, optimizer; the first two are `build`'s to honour. A family that declares
    one of them itself has its own: with another `start`, or with one option, if it can be no other.
    """

    name: ClassVar[str]
    genes: ClassVar[Mapping[str, Gene]]
    level: ClassVar[int] = 1  # at which it enters a progressive search (Liu et al. 2018), 1 to 3

    def phenotype(self, genes: Genes) -> Genes:
        """What the network is made of, where genomes of several spellings come to the same network:
        they must have equal phenotypes, and no others. Most families have one spelling only."""
        return genes

    @abstractmethod
    def build(self, genes: Genes, task: Task) -> nn.Module:
        """A freshly initialised network: float32 images N×C×H×W to logits N×classes.

        Any size from 8×8 up must work, by construction. It is called under a seeded generator, and
        on the meta device to count parameters and FLOPs.
        """


# --- data -----------------------------------------------------------------------------------------


class Pictures(ABC):
    """Pictures that are read when they are asked for."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def open(self, index: int) -> Image:
        """A picture of any size and mode; its pixels need not be read yet."""

    @abstractmethod
    def describe(self, index: int) -> str:
        """What an error message calls this picture: its path, say."""

    def stamp(self, index: int) -> str | None:
        """Text that changes whenever the picture does: path, size and time of its file, say.
        Pictures that have one are decoded once and kept; None stands for no promise."""
        return None


@dataclass(frozen=True)
class Split:
    """Images and their labels: an array of uint8, N×H×W or N×H×W×3, or `Pictures`."""

    images: np.ndarray | Pictures
    labels: Sequence[int]


@dataclass(frozen=True)
class LabelledImages:
    """A data set. A split that is None is cut from `train`, stratified and seeded."""

    classes: tuple[str, ...]
    train: Split
    val: Split | None = None
    test: Split | None = None


@dataclass(frozen=True)
class DataRequest:
    """Where to look for the data."""

    path: Path | None  # the user's own folder or file, for data sets that need one
    data_dir: Path  # where downloads are kept
    image_column: str = "image"  # of a table: paths, relative to it or absolute
    label_column: str = "label"
    split_column: str | None = None  # of train, val and test; None: `split`, if there is one


class Dataset(ABC):
    """A data set by name."""

    name: ClassVar[str]
    summary: ClassVar[str]  # a line for `snas datasets`
    needs_path: ClassVar[bool] = False
    mirrored: ClassVar[bool] = False  # may a picture be flipped left to right and keep its label?

    @abstractmethod
    def load(self, request: DataRequest) -> LabelledImages:
        """Raises DataError naming the file or folder that is wrong and what to do."""


# --- the search -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Proposal:
    """A candidate, and where it comes from."""

    genome: Genome
    operator: str  # what made it: "random", "crossover", or a mutation operator's name
    parents: tuple[int, ...] = ()  # numbers of trials


@dataclass(frozen=True)
class Candidate:
    """A proposal that is to be evaluated."""

    number: int  # counts from 0 through the whole search, in the order of proposal
    generation: int
    proposal: Proposal


@dataclass(frozen=True)
class Evaluation:
    """What judging a candidate gave."""

    fitness: float  # larger is better
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Trial:
    """A candidate and what became of it. A failed trial has a reason and no fitness."""

    number: int  # its candidate's
    generation: int
    proposal: Proposal
    fitness: float | None
    metrics: Mapping[str, float] = field(default_factory=dict)
    reason: str | None = None
    seconds: float = field(default=0.0, compare=False)  # no two runs take the same time

    @property
    def genome(self) -> Genome:
        return self.proposal.genome

    @property
    def failed(self) -> bool:
        return self.fitness is None


class Operator(ABC):
    """A mutation operator."""

    name: ClassVar[str]
    weight: ClassVar[float] = 1.0  # how often it is drawn, next to others; a recipe can change it

    @abstractmethod
    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        """A changed copy of `genome`, made by a method of `space`.

        `rate` is the chance of change for a single gene, for operators that change many. Where
        nothing can change, `genome` itself is returned.
        """


@dataclass(frozen=True)
class SearchSetup:
    """What a strategy is given when a run starts."""

    space: Space
    operators: tuple[tuple[Operator, float], ...]  # with their weights, sorted by name
    admit: Callable[[Genome], bool]  # is it within the limits? costs no training
    population_size: int
    elites: int
    tournament_size: int
    mutation_rate: float
    crossover_rate: float
    options: Mapping[str, Any] = field(default_factory=dict)  # the recipe's search.options
    generations: int = 1
    levels: tuple[Space, ...] = ()  # parts of `space` for a progressive search, simplest first

    def level(self, generation: int) -> Space:
        """The part of the space that a generation is kept to: every level has its share of them."""
        if not self.levels:
            return self.space
        last = len(self.levels) - 1
        return self.levels[min(generation * len(self.levels) // self.generations, last)]


class Strategy(ABC):
    """How a search decides what to try next.

    Resuming replays the recorded trials through `tell`, so that a strategy must draw all chance
    from the generators it is handed and learn only in `tell`: `ask` leaves it as it was.
    """

    name: ClassVar[str]

    def __init__(self, setup: SearchSetup) -> None:
        self.setup = setup

    @property
    def batch_size(self) -> int:
        """How many proposals the next generation has."""
        return self.setup.population_size

    @abstractmethod
    def ask(self, rngs: Sequence[Random]) -> list[Proposal]:
        """The next generation: one proposal for each generator, drawn from it alone."""

    @abstractmethod
    def tell(self, trials: Sequence[Trial]) -> None:
        """The outcome of the last generation, in the order in which it was proposed."""


# --- exports --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelCard:
    """What a network must be accompanied by to be of use."""

    architecture: Mapping[str, Any]  # Genome.to_json()
    input_shape: tuple[int, int, int]  # channels, height, width
    classes: tuple[str, ...]
    mean: tuple[float, ...]  # of the training pixels, scaled to 0…1, for each channel
    std: tuple[float, ...]


Runtime = Callable[["np.ndarray"], "np.ndarray"]
"""An exported network, loaded: float32 images N×C×H×W, normalised, to logits N×classes."""


class Exporter(ABC):
    """A format that a trained network can be written in."""

    name: ClassVar[str]
    summary: ClassVar[str]

    @abstractmethod
    def write(self, network: nn.Module, card: ModelCard, folder: Path) -> list[Path]:
        """Writes `network`, which is in evaluation mode, into `folder`, which exists, and returns
        the files, the model first. Raises ExportError."""

    @abstractmethod
    def load(self, model: Path) -> Runtime:
        """Loads what `write` wrote in the runtime that will serve it, to be compared. Raises
        ExportError where the file is missing or damaged."""
