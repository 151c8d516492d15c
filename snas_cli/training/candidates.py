"""Builds, trains and scores the network of a genome."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from snas_cli.api import Family, Genome
from snas_cli.data.task_data import TaskData
from snas_cli.errors import UsageError
from snas_cli.recipe.schema import LimitSettings, TrainingSettings
from snas_cli.training.cost import Cost, measure_cost
from snas_cli.training.trainer import score, train


@dataclass(frozen=True)
class Trained:
    """A trained network and what is known of it."""

    network: nn.Module
    metrics: Mapping[str, float]  # val_acc, val_loss, params, flops, activation_bytes


@dataclass(frozen=True)
class Workshop:
    """Where networks are built and trained: the data, and a family for each name."""

    family: Callable[[str], Family]
    data: TaskData
    settings: TrainingSettings
    seed: int

    def cost(self, genome: Genome) -> Cost:
        return measure_cost(self.family(genome.family), genome.genes, self.data.task)

    def build(self, genome: Genome) -> nn.Module:
        """The network as it is before training: the same for the same seed and genome, whatever
        was built before."""
        with torch.random.fork_rng():
            torch.manual_seed(self._seed(genome))
            network = self.family(genome.family).build(genome.genes, self.data.task)
        network.to(memory_format=torch.channels_last)
        return network.to(self.data.device)

    def train(self, genome: Genome, epochs: int | None = None) -> Trained:
        """Trains for the recipe's epochs or for `epochs`. Raises CandidateError."""
        network = self.build(genome)
        settings = self.settings
        if epochs is not None:
            settings = settings.model_copy(update={"epochs": epochs, "patience": epochs})
        with torch.random.fork_rng():
            torch.manual_seed(self._seed(genome))  # for dropout
            scores = train(network, genome.genes, self.data, settings, self._seed(genome))
        cost = self.cost(genome)
        metrics = {
            "val_acc": scores.accuracy,
            "val_loss": scores.loss,
            "params": cost.params,
            "flops": cost.flops,
            "activation_bytes": cost.activation_bytes,
        }
        return Trained(network, metrics)

    def test(self, network: nn.Module) -> dict[str, float]:
        """The last word on a network; not to be used for any choice."""
        scores = score(network, self.data.test, self.data)
        return {"test_acc": scores.accuracy, "test_loss": scores.loss}

    def _seed(self, genome: Genome) -> int:
        """Depends on the run's seed and the architecture alone, never on when it is trained."""
        text = f"{self.seed}/{genome.fingerprint}"
        digest = hashlib.blake2b(text.encode(), digest_size=7).digest()
        return int.from_bytes(digest, "big")


def within(cost: Cost, limits: LimitSettings) -> bool:
    params_fit = limits.max_params is None or cost.params <= limits.max_params
    flops_fit = limits.max_flops is None or cost.flops <= limits.max_flops
    return params_fit and flops_fit


def chosen_device(name: str) -> torch.device:
    """Raises UsageError where a GPU is asked for and there is none."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("training.device: there is no CUDA GPU here; use auto or cpu")
    return torch.device(name)
