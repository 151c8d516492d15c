"""The training loop; several of these are faults that others' tools have."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from snas_cli.api import DataRequest, Genome
from snas_cli.data.task_data import Kept, TaskData, prepare
from snas_cli.errors import CandidateError
from snas_cli.experiment.assembly import Assembly, assemble
from snas_cli.recipe.schema import DataSettings, LimitSettings, TrainingSettings
from snas_cli.registry import Registry
from snas_cli.training.batches import flip, plain_batches, shift, training_batches
from snas_cli.training.candidates import Workshop, within
from snas_cli.training.cost import Cost, measure_cost
from snas_cli.training.trainer import BestState, Scores, score, train
from tests.experiment import tiny


@pytest.fixture(scope="module")
def digits(registry: Registry, decoded: Path) -> TaskData:
    settings, request = DataSettings(dataset="digits"), DataRequest(None, Path())
    return prepare(registry.dataset("digits"), request, settings, seed=0, kept=Kept(decoded))


@pytest.fixture(scope="module")
def assembly(registry: Registry) -> Assembly:
    torch.set_num_threads(1)
    return assemble(tiny.recipe(registry, Path("unused")), registry)


def genome(assembly: Assembly, **genes: object) -> Genome:
    layers = [{"units": 64, "activation": "relu"}] * 2
    shared = {"batch_norm": True, "dropout": 0.1, "learning_rate": 0.01, "optimizer": "adam"}
    return assembly.space.genome("mlp", {**shared, "layers": layers, **genes})


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


def test_the_best_state_is_a_copy_and_not_a_view() -> None:
    net = network()
    best = BestState(TrainingSettings())
    best.offer(Scores(loss=1.0, accuracy=0.5), net)
    kept = best.state["1.weight"].clone()
    with torch.no_grad():
        net[1].weight.add_(1)
    assert torch.equal(best.state["1.weight"], kept)


@pytest.mark.parametrize("monitor", ["val_acc", "val_loss"])
def test_improvement_is_judged_against_the_best_before(monitor: str) -> None:
    """Neither monitor may compare a value with itself, or stop while it improves."""
    net = network()
    best = BestState(TrainingSettings(monitor=monitor, min_delta=0.01))
    for epoch in range(4):
        best.offer(Scores(loss=1 - epoch / 10, accuracy=epoch / 10), net)
        assert best.stale_epochs == 0
    best.offer(Scores(loss=0.695, accuracy=0.305), net)  # better, but by less than min_delta
    assert best.stale_epochs == 1


def test_training_leaves_the_best_weights(digits: TaskData, assembly: Assembly) -> None:
    """At a rate that overshoots, the last epoch is not the best: its weights must not be left."""
    genes = genome(assembly, learning_rate=0.1, optimizer="adam").genes
    net = network()
    scores = train(net, genes, digits, TrainingSettings(epochs=6), seed=0)
    assert score(net, digits.val, digits) == scores


def test_early_stopping_stops(digits: TaskData, assembly: Assembly) -> None:
    epochs = []
    settings = TrainingSettings(epochs=50, patience=2, min_delta=0.9)
    net = network()
    net.register_forward_hook(lambda module, *_: epochs.append(module.training))
    train(net, genome(assembly).genes, digits, settings, seed=0)
    assert epochs.count(False) == 3  # the first is best, two more go by


def test_a_dead_network_is_a_failure_with_a_reason(digits: TaskData, assembly: Assembly) -> None:
    """A rectifier that passes nothing: more training would never help."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 10))
    with torch.no_grad():
        net[1].bias.fill_(-1000.0)
    with pytest.raises(CandidateError, match="dead: untrained, it gives all pictures the same"):
        train(net, genome(assembly).genes, digits, TrainingSettings(epochs=1), seed=0)


def test_a_loss_that_is_no_number_is_a_failure(digits: TaskData, assembly: Assembly) -> None:
    net = network()
    with torch.no_grad():
        net[1].weight.fill_(torch.nan)
    with pytest.raises(CandidateError, match="diverged: the loss was nan in epoch 1"):
        train(net, genome(assembly).genes, digits, TrainingSettings(), seed=0)


def test_the_same_seed_gives_the_same_network_whatever_came_before(assembly: Assembly) -> None:
    workshop, wanted = assembly.workshop, genome(assembly)
    first = workshop.train(wanted)
    torch.rand(7)
    workshop.train(genome(assembly, dropout=0.5))
    second = workshop.train(wanted)
    assert first.metrics == second.metrics
    for one, other in zip(first.network.parameters(), second.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_another_seed_gives_another_network(registry: Registry, assembly: Assembly) -> None:
    other = Workshop(registry.family, assembly.data, assembly.recipe.training, seed=1)
    wanted = genome(assembly)
    assert other.train(wanted).metrics != assembly.workshop.train(wanted).metrics


def test_training_leaves_the_global_generator_alone(assembly: Assembly) -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    assembly.workshop.train(genome(assembly))
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_each_optimizer_is_the_one_named(assembly: Assembly, optimizer: str) -> None:
    from snas_cli.training.trainer import make_optimizer

    made = make_optimizer(
        network(), genome(assembly, optimizer=optimizer).genes, TrainingSettings()
    )
    assert type(made).__name__.lower() == optimizer
    assert [group["weight_decay"] for group in made.param_groups] == [5e-4, 0.0]


def test_an_epoch_shows_every_picture_once(digits: TaskData) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.cat(
        [
            labels
            for _, labels in training_batches(digits, TrainingSettings(batch_size=64), generator)
        ]
    )
    assert torch.equal(labels.bincount(), digits.train.labels.bincount())


def test_a_last_batch_of_one_is_left_out(digits: TaskData) -> None:
    generator = torch.Generator().manual_seed(0)
    size = len(digits.train) - 1
    settings = TrainingSettings(batch_size=size)
    assert [len(labels) for _, labels in training_batches(digits, settings, generator)] == [size]


def test_pictures_to_judge_by_are_never_augmented(digits: TaskData) -> None:
    one, other = (torch.cat([images for images, _ in plain_batches(digits.val, digits)])
                  for _ in range(2))  # fmt: skip
    assert torch.equal(one, other)
    assert abs(one.mean().item()) < 0.1


def test_shift_moves_whole_pictures_by_a_pixel_at_most_in_eight() -> None:
    images = torch.arange(64, dtype=torch.uint8).view(1, 1, 8, 8).repeat(200, 1, 1, 1)
    moved = shift(images, torch.Generator().manual_seed(0))
    assert moved.shape == images.shape
    seen = {tuple(map(int, picture[0, 3, 3:5])) for picture in moved}
    assert seen == {(at, at + 1) for row in (2, 3, 4) for at in range(row * 8 + 2, row * 8 + 5)}


def test_flip_mirrors_about_half() -> None:
    images = torch.arange(4, dtype=torch.uint8).view(1, 1, 1, 4).repeat(400, 1, 1, 1)
    flipped = flip(images, torch.Generator().manual_seed(0))[:, 0, 0, 0]
    assert set(flipped.tolist()) == {0, 3}
    assert 150 < (flipped == 3).sum() < 250


def test_cost_is_that_of_the_network(registry: Registry, assembly: Assembly) -> None:
    """64 → 64 → 64 → 10 with biases on the last layer and batch norms in between."""
    cost = measure_cost(registry.family("mlp"), genome(assembly).genes, assembly.data.task)
    weights = 64 * 64 + 64 * 64 + 64 * 10
    assert (cost.params, cost.flops) == (weights + 4 * 64 + 10, 2 * weights)


def test_limits() -> None:
    cost = Cost(params=100, flops=200, activation_bytes=1)
    assert within(cost, LimitSettings(max_params=100, max_flops=200))
    assert within(cost, LimitSettings(max_params=None, max_flops=None))
    assert not within(cost, LimitSettings(max_params=99))
    assert not within(cost, LimitSettings(max_flops=199))
