"""Builds, trains and scores the network of a genome."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from snas_cli.api import Family, Genome
from snas_cli.data.task_data import TaskData
from snas_cli.errors import CandidateError, UsageError
from snas_cli.recipe.schema import TrainingSettings
from snas_cli.training.batches import part_of_epoch
from snas_cli.training.cost import Cost, cost_in_steps, measure_cost
from snas_cli.training.memory import within_memory
from snas_cli.training.stopping import Scores, TimeLimit
from snas_cli.training.trainer import Course, Epoch, score, train


@dataclass(frozen=True)
class Trained:
    """A trained network and what is known of it."""

    network: nn.Module
    metrics: Mapping[str, float]  # val_acc, val_loss, val_balanced_acc, epochs, those of Cost;
    # batch_size, where memory did not suffice for the recipe's
    history: tuple[Epoch, ...]


@dataclass(frozen=True)
class Workshop:
    """Where networks are built and trained: the data, and a family for each name."""

    family: Callable[[str], Family]
    data: TaskData
    settings: TrainingSettings
    seed: int
    variant: str = ""  # another name, other chance
    clock: Callable[[], float] = time.monotonic  # for the time limit, in seconds
    tell: Callable[[int, int], None] | None = None  # the epoch that has begun, from 0, of how many

    def with_whole_epochs(self) -> Workshop:
        """The same, whatever the recipe says of `max_batches`."""
        settings = self.settings.model_copy(update={"max_batches": None})
        return replace(self, settings=settings)

    def with_mirrored(self) -> Workshop:
        """The same with half of the training pictures mirrored, left to right."""
        augmentation = self.settings.augmentation.model_copy(update={"flip": True})
        return replace(
            self, settings=self.settings.model_copy(update={"augmentation": augmentation})
        )

    def varied(self, variant: str) -> Workshop:
        """The same with other chance: other first weights, another order of pictures."""
        return replace(self, variant=variant)

    def cost(self, genome: Genome) -> Cost:
        return measure_cost(self.family(genome.family), genome.genes, self.data.task)

    def cost_in_steps(self, genome: Genome) -> Iterator[Mapping[str, int]]:
        return cost_in_steps(self.family(genome.family), genome.genes, self.data.task)

    def build(self, genome: Genome) -> nn.Module:
        """The network as it is before training: the same for the same seed and genome, whatever
        was built before."""
        with self._own_chance(genome):
            network = self.family(genome.family).build(genome.genes, self.data.task)
        network.to(memory_format=torch.channels_last)
        return network.to(self.data.device)

    def train(
        self,
        genome: Genome,
        epochs: int | None = None,
        *,
        start: Mapping[str, Tensor] | None = None,
        max_batches: int | None = None,
    ) -> Trained:
        """Trains for the recipe's epochs, or for all of `epochs`, of at most `max_batches` steps
        each (default: the recipe's), from scratch or from the weights of `start`, which must have
        the same shapes. Raises CandidateError."""
        settings = self._settings(epochs, max_batches)
        limit = TimeLimit(settings.time_limit, self.clock, self.tell)
        return within_memory(partial(self._train, genome, start, limit), settings)

    def _train(
        self,
        genome: Genome,
        start: Mapping[str, Tensor] | None,
        limit: TimeLimit,
        settings: TrainingSettings,
    ) -> Trained:
        network = self.build(genome)
        if start is not None:
            _load(network, start)
        with self._own_chance(genome):
            seed = self._seed(genome)
            course = train(network, genome.genes, self.data, settings, seed, limit)
        metrics = {**_score_metrics(course.scores), "epochs": self._epochs(course, settings),
                   **vars(self.cost(genome))}  # fmt: skip
        if settings.batch_size != self.settings.batch_size:
            metrics["batch_size"] = settings.batch_size
        return Trained(network, metrics, course.history)

    def _settings(self, epochs: int | None, max_batches: int | None) -> TrainingSettings:
        settings = self.settings
        changes: dict[str, float | None] = {}
        if epochs is not None:
            changes |= {"epochs": epochs, "patience": epochs}
            if settings.time_limit is not None:
                changes["time_limit"] = settings.time_limit * max(epochs / settings.epochs, 1)
        if max_batches is not None:
            changes["max_batches"] = max_batches
        return settings.model_copy(update=changes)

    def _epochs(self, course: Course, settings: TrainingSettings) -> float:
        """Passes over the training pictures, of which epochs with `max_batches` see a part."""
        part = part_of_epoch(self.data, settings)
        passes = len(course.history) * part
        return int(passes) if part == 1 else round(passes, 4)

    def test(self, network: nn.Module) -> dict[str, float]:
        """The last word on a network; not to be used for any choice."""
        scores = score(network, self.data.test, self.data)
        return {
            "test_acc": scores.accuracy,
            "test_loss": scores.loss,
            "test_balanced_acc": scores.balanced_accuracy,
        }

    @contextmanager
    def _own_chance(self, genome: Genome) -> Iterator[None]:
        """Torch's global generators begin at the genome's seed, and are after it as before."""
        device = self.data.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(self._seed(genome))
            yield

    def _seed(self, genome: Genome) -> int:
        """Depends on the run's seed, the architecture and the variant alone, never on when it is
        trained."""
        text = "/".join(filter(None, (str(self.seed), genome.fingerprint, self.variant)))
        digest = hashlib.blake2b(text.encode(), digest_size=7).digest()
        return int.from_bytes(digest, "big")


def fitness_of(metrics: Mapping[str, float], settings: TrainingSettings) -> float:
    """What candidates are compared by; larger is better, so never the loss."""
    balanced = settings.monitor == "val_balanced_acc"
    return metrics["val_balanced_acc" if balanced else "val_acc"]


def _score_metrics(scores: Scores) -> dict[str, float]:
    return {
        "val_acc": scores.accuracy,
        "val_loss": scores.loss,
        "val_balanced_acc": scores.balanced_accuracy,
    }


def _load(network: nn.Module, start: Mapping[str, Tensor]) -> None:
    try:
        network.load_state_dict(dict(start))
    except RuntimeError as error:
        raise CandidateError(f"these weights are not this network's: {error}") from None


def chosen_device(name: str) -> torch.device:
    """Raises UsageError where a GPU is asked for and there is none."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("training.device: there is no CUDA GPU here; use auto or cpu")
    return torch.device(name)
