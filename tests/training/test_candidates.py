"""Candidates: built, trained from scratch or from given weights, and what is known of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from snas_cli.api import Family, Genome, Task
from snas_cli.errors import CandidateError
from snas_cli.experiment.assembly import Assembly, assemble
from snas_cli.recipe.schema import TrainingSettings
from snas_cli.registry import Registry
from snas_cli.training.candidates import Workshop, fitness_of
from snas_cli.training.cost import measure_cost
from tests.experiment import tiny


@pytest.fixture(scope="module")
def assembly(registry: Registry) -> Assembly:
    torch.set_num_threads(1)
    return assemble(tiny.recipe(registry, Path("unused")), registry)


def genome(assembly: Assembly, **genes: object) -> Genome:
    layers = [{"units": 64, "activation": "relu"}] * 2
    shared = {"batch_norm": True, "dropout": 0.1, "learning_rate": 0.01, "optimizer": "adam"}
    return assembly.space.genome("mlp", {**shared, "layers": layers, **genes})


def changed(assembly: Assembly, **values: Any) -> Workshop:
    settings = TrainingSettings.model_validate({"epochs": 1, "batch_size": 256, **values})
    return replace(assembly.workshop, settings=settings)


# --- the same again -------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_network_whatever_came_before(assembly: Assembly) -> None:
    workshop, wanted = assembly.workshop, genome(assembly)
    first = workshop.train(wanted)
    torch.rand(7)
    workshop.train(genome(assembly, dropout=0.5))
    second = workshop.train(wanted)
    assert first.metrics == second.metrics
    assert first.history == second.history
    for one, other in zip(first.network.parameters(), second.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_another_seed_gives_another_network(assembly: Assembly) -> None:
    other, wanted = replace(assembly.workshop, seed=1), genome(assembly)
    assert other.train(wanted).metrics != assembly.workshop.train(wanted).metrics


def test_training_leaves_the_global_generator_alone(assembly: Assembly) -> None:
    workshop = changed(assembly, augmentation={"randaugment": 1, "mixup": 0.2})
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    workshop.train(genome(assembly))
    assert torch.equal(torch.rand(4), expected)


# --- how long and from where ----------------------------------------------------------------------


def test_the_metrics(assembly: Assembly) -> None:
    trained = assembly.workshop.train(genome(assembly), 2)
    assert set(trained.metrics) == {
        "val_acc", "val_loss", "val_balanced_acc", "epochs",
        "params", "flops", "size_bytes", "activation_bytes",
    }  # fmt: skip
    assert trained.metrics["epochs"] == len(trained.history) == 2
    best = max(trained.history, key=lambda epoch: epoch.val_acc)
    assert best.val_acc == trained.metrics["val_acc"]


def test_epochs_that_are_asked_for_are_all_trained(assembly: Assembly) -> None:
    workshop = changed(assembly, patience=1, min_delta=0.9)
    assert workshop.train(genome(assembly), 4).metrics["epochs"] == 4
    assert changed(assembly, patience=1, min_delta=0.9, epochs=4).train(
        genome(assembly)
    ).metrics["epochs"] == 2  # fmt: skip


def test_training_goes_on_from_given_weights(assembly: Assembly) -> None:
    workshop, wanted = assembly.workshop, genome(assembly)
    first = workshop.train(wanted, 3)
    start = {name: tensor.clone() for name, tensor in first.network.state_dict().items()}
    more = workshop.train(wanted, 1, start=start)
    scratch = workshop.train(wanted, 1)
    assert more.history[0].train_loss < scratch.history[0].train_loss - 0.3
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(tensor, start[name])  # what is given stays as it is


def test_weights_to_start_from_must_fit(assembly: Assembly) -> None:
    other = assembly.workshop.build(
        genome(assembly, layers=[{"units": 128, "activation": "relu"}] * 2)
    )
    with pytest.raises(CandidateError, match="these weights are not this network's"):
        assembly.workshop.train(genome(assembly), start=other.state_dict())


def test_an_epoch_can_have_fewer_batches(assembly: Assembly) -> None:
    workshop, wanted = changed(assembly, batch_size=64), genome(assembly)
    short = workshop.train(wanted, max_batches=2)
    assert short.history == changed(assembly, batch_size=64, max_batches=2).train(wanted).history
    assert short.history[0].train_loss > workshop.train(wanted).history[0].train_loss


def test_longer_training_has_more_time_in_proportion(assembly: Assembly) -> None:
    """Two seconds pass at each look at the clock; an epoch has five batches."""
    wanted = genome(assembly)

    def workshop() -> Workshop:
        seconds = count(0, 2)
        return replace(changed(assembly, time_limit=11), clock=lambda: float(next(seconds)))

    assert workshop().train(wanted, 1).metrics["epochs"] == 1
    assert workshop().train(wanted, 4).metrics["epochs"] == 4
    slow = replace(changed(assembly, time_limit=5), clock=iter(range(0, 99, 2)).__next__)
    with pytest.raises(CandidateError, match=r"time limit: 10 s were over in epoch 2 of 2"):
        slow.train(wanted, 2)


# --- out of memory --------------------------------------------------------------------------------

EXHAUSTED = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("not enough memory: you tried to allocate 8 bytes"),
    MemoryError(),
]


class Hungry(nn.Module):
    """Fails for more pictures than it has memory for."""

    def __init__(self, inner: nn.Module, most: int, error: BaseException) -> None:
        super().__init__()
        self.inner, self.most, self.error = inner, most, error

    def forward(self, images: Tensor) -> Tensor:
        if self.training and not images.is_meta and len(images) > self.most:
            torch.rand(3)  # what was drawn before must not matter
            raise self.error
        logits: Tensor = self.inner(images)
        return logits


class HungryFamily(Family):
    name, genes = "mlp", {}

    def __init__(self, inner: Family, most: int, error: BaseException) -> None:
        self._inner, self._most, self._error = inner, most, error

    def build(self, genes: Any, task: Task) -> nn.Module:
        return Hungry(self._inner.build(genes, task), self._most, self._error)


def hungry(assembly: Assembly, most: int, error: BaseException, **values: Any) -> Workshop:
    family = HungryFamily(assembly.registry.family("mlp"), most, error)
    return replace(changed(assembly, **values), family=lambda _: family)


@pytest.mark.parametrize("error", EXHAUSTED, ids=str)
def test_out_of_memory_halves_the_batch_and_starts_over(
    assembly: Assembly, error: BaseException
) -> None:
    wanted = genome(assembly, dropout=0.3)
    trained = hungry(assembly, 64, error, batch_size=128).train(wanted)
    plain = hungry(assembly, 64, error, batch_size=64).train(wanted)
    assert trained.metrics == {**plain.metrics, "batch_size": 64}
    assert trained.history == plain.history
    weights = zip(trained.network.parameters(), plain.network.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in weights)


def test_half_the_batch_starts_from_the_given_weights_too(assembly: Assembly) -> None:
    wanted, error = genome(assembly), MemoryError()
    start = hungry(assembly, 999, error).train(wanted, 2).network.state_dict()
    trained = hungry(assembly, 64, error, batch_size=128).train(wanted, start=start)
    plain = hungry(assembly, 64, error, batch_size=64).train(wanted, start=start)
    assert trained.history == plain.history


@pytest.mark.parametrize("error", EXHAUSTED, ids=str)
def test_out_of_memory_twice_is_a_failure(assembly: Assembly, error: BaseException) -> None:
    workshop = hungry(assembly, 4, error, batch_size=100)
    expected = "^out of memory with a batch of 100 and with one of 50 pictures$"
    with pytest.raises(CandidateError, match=expected):
        workshop.train(genome(assembly))


def test_a_batch_of_one_is_never_tried(assembly: Assembly) -> None:
    workshop = hungry(assembly, 1, MemoryError(), batch_size=3)
    with pytest.raises(CandidateError, match=r"^out of memory with a batch of 3 pictures$"):
        workshop.train(genome(assembly))


def test_other_errors_are_not_taken_for_it(assembly: Assembly) -> None:
    workshop = hungry(assembly, 4, RuntimeError("sizes of tensors must match"))
    with pytest.raises(RuntimeError, match="sizes of tensors must match"):
        workshop.train(genome(assembly))


# --- what is known of a candidate -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("monitor", "expected"), [("val_acc", 0.9), ("val_loss", 0.9), ("val_balanced_acc", 0.6)]
)
def test_fitness(monitor: str, expected: float) -> None:
    settings = TrainingSettings.model_validate({"monitor": monitor})
    metrics = {"val_acc": 0.9, "val_loss": 0.3, "val_balanced_acc": 0.6}
    assert fitness_of(metrics, settings) == expected


def test_cost_is_that_of_the_network(registry: Registry, assembly: Assembly) -> None:
    """64 → 64 → 64 → 10 with biases on the last layer and batch norms in between."""
    cost = measure_cost(registry.family("mlp"), genome(assembly).genes, assembly.data.task)
    weights = 64 * 64 + 64 * 64 + 64 * 10
    assert (cost.params, cost.flops) == (weights + 4 * 64 + 10, 2 * weights)
