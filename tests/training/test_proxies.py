"""Zero-cost scores of candidates: repeatable, apart from one another, on one batch."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
import torch
from torch import Tensor, nn

from snas_cli.api import CandidateError, Genome, Proxy
from snas_cli.errors import SearchError
from snas_cli.recipe.resolve import own_space
from snas_cli.recipe.schema import TrainingSettings
from snas_cli.registry import Registry
from snas_cli.training.candidates import Workshop
from snas_cli.training.proxies import ProxyBench, draw_batch
from tests.training.made import task_data


@pytest.fixture
def workshop(registry: Registry) -> Workshop:
    torch.set_num_threads(1)
    settings = TrainingSettings(batch_size=16, epochs=1)
    return Workshop(registry.family, task_data(), settings, seed=3)


@pytest.fixture
def genomes(registry: Registry) -> list[Genome]:
    """Small ones."""
    space = own_space(registry.family("mlp"))
    return [space.extremes("mlp")[0], space.sample(Random(1))]


class Chance(Proxy):
    name = "chance"
    summary = "nothing"

    def score(self, network: nn.Module, images: Tensor, labels: Tensor) -> float:
        images.zero_()
        return torch.rand(()).item()


class Weights(Proxy):
    name = "weights"
    summary = "spoils the network, and counts on a fresh one"

    def score(self, network: nn.Module, images: Tensor, labels: Tensor) -> float:
        assert network.training
        assert torch.is_grad_enabled()
        network.eval()
        with torch.no_grad():
            total = sum(parameter.abs().sum().item() for parameter in network.parameters())
            for parameter in network.parameters():
                parameter.zero_()
        return total + images.sum().item()


class Failing(Proxy):
    name = "failing"
    summary = "fails"

    def __init__(self, outcome: BaseException | float) -> None:
        self.outcome = outcome

    def score(self, network: nn.Module, images: Tensor, labels: Tensor) -> float:
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


def test_scores_depend_on_nothing_that_was_scored_before(
    workshop: Workshop, genomes: list[Genome]
) -> None:
    bench = ProxyBench(workshop, [Chance(), Weights()])
    first = [bench(genome) for genome in genomes]
    assert all(scores.keys() == {"chance", "weights"} for scores in first)
    torch.rand(5)
    assert [bench(genome) for genome in reversed(genomes)] == first[::-1]
    other = ProxyBench(workshop, [Weights(), Chance()])
    assert [other(genome) for genome in genomes] == first
    assert first[0] != first[1]


def test_the_runs_seed_counts(workshop: Workshop, genomes: list[Genome]) -> None:
    one, other = (ProxyBench(replace(workshop, seed=seed), [Chance()]) for seed in (0, 1))
    assert one(genomes[0]) != other(genomes[0])


def test_the_global_generator_is_left_alone(workshop: Workshop, genomes: list[Genome]) -> None:
    state = torch.get_rng_state()
    ProxyBench(workshop, [Chance(), Failing(ValueError("no"))])(genomes[0])
    assert torch.equal(torch.get_rng_state(), state)


def test_gradients_are_there_wherever_it_is_called(
    workshop: Workshop, genomes: list[Genome]
) -> None:
    bench = ProxyBench(workshop, [Weights()])
    with torch.no_grad():
        inside = bench(genomes[0])
    assert inside == bench(genomes[0])


@pytest.mark.parametrize(
    "outcome", [CandidateError("not for this one"), ValueError("a bug"), float("nan"), float("inf")]
)
def test_a_proxy_that_fails_is_left_out(
    workshop: Workshop, genomes: list[Genome], outcome: BaseException | float
) -> None:
    bench = ProxyBench(workshop, [Failing(outcome), Chance()])
    assert bench(genomes[0]).keys() == {"chance"}


def test_large_scores_are_numbers_too(workshop: Workshop, genomes: list[Genome]) -> None:
    assert ProxyBench(workshop, [Failing(1e300)])(genomes[0]) == {"failing": 1e300}


def test_whole_numbers_become_floats(workshop: Workshop, genomes: list[Genome]) -> None:
    assert ProxyBench(workshop, [Failing(7)])(genomes[0]) == {"failing": 7.0}


def test_what_is_wrong_with_the_run_ends_it(workshop: Workshop, genomes: list[Genome]) -> None:
    bench = ProxyBench(workshop, [Failing(SearchError("the disk is full"))])
    with pytest.raises(SearchError):
        bench(genomes[0])


def test_the_batch_is_drawn_and_normalised_but_not_augmented(workshop: Workshop) -> None:
    data = workshop.data
    images, labels = draw_batch(data, 16, seed=5)
    assert images.shape == (16, 3, 8, 8)
    assert images.dtype == torch.float32
    assert len(labels.unique()) > 1
    (whole, _) = next(iter(data.train.in_order()))
    normalised = (whole / 255 - 0.4) / 0.2
    for image, label in zip(images, labels, strict=True):
        distance, place = (normalised - image).abs().amax((1, 2, 3)).min(0)
        assert distance < 1e-5
        assert data.train.labels[place] == label
    again, _ = draw_batch(data, 16, seed=5)
    assert torch.equal(images, again)
    assert not torch.equal(images, draw_batch(data, 16, seed=6)[0])


def test_few_pictures_do(workshop: Workshop) -> None:
    data = task_data((2, 3))
    assert len(draw_batch(data, 64, seed=0)[0]) == 5


def test_ours_give_scores(registry: Registry, workshop: Workshop, genomes: list[Genome]) -> None:
    proxies = [part.item for part in registry.components("proxy")]
    scores = ProxyBench(workshop, proxies)(genomes[0])
    assert scores.keys() == {proxy.name for proxy in proxies}
    assert scores["params"] == workshop.cost(genomes[0]).params
