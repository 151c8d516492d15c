"""Weight sharing: who inherits from whom, and what."""

from __future__ import annotations

import random
from itertools import combinations, permutations
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from snas_cli.api import Choice, Genome, Layers, Ordinal, Proposal, Space, Task, Trial
from snas_cli.experiment.assembly import assemble
from snas_cli.recipe.resolve import space_of
from snas_cli.recipe.schema import SharingSettings, SpaceSettings
from snas_cli.registry import Registry
from snas_cli.training.sharing import donor, members, transfer
from tests.experiment import tiny

SPACE = Space({
    "flat": {"units": Ordinal(1, 2, 4, 8), "act": Choice("a", "b")},
    "deep": {"layers": Layers(1, 3, {"units": Ordinal(1, 2, 4, 8)})},
})  # fmt: skip
ON = SharingSettings(enabled=True)


def flat(units: int = 1, act: str = "a") -> Genome:
    return SPACE.genome("flat", {"units": units, "act": act})


def trial(number: int, genome: Genome, fitness: float | None) -> Trial:
    return Trial(number, 0, Proposal(genome, "random"), fitness)


# --- the pools ------------------------------------------------------------------------------------


def numbers(trials: list[Trial]) -> list[int]:
    return [trial.number for trial in trials]


def test_a_pool_holds_the_fittest_of_its_family_each_once_and_none_that_failed() -> None:
    deep = SPACE.genome("deep", {"layers": [{"units": 1}]})
    trials = [
        trial(0, flat(1), 0.1),
        trial(1, flat(2), 0.5),
        trial(2, flat(4), None),
        trial(3, flat(2), 0.5),  # repeats 1
        trial(4, flat(8), 0.5),
        trial(5, deep, 0.0),
    ]
    assert numbers(members(trials, ON)) == [0, 1, 4, 5]
    assert numbers(members(trials, ON.model_copy(update={"max_models": 2}))) == [1, 4, 5]
    assert numbers(members(trials, ON.model_copy(update={"max_models": 1}))) == [1, 5]


def test_there_are_none_where_sharing_is_off() -> None:
    trials = [trial(0, flat(), 1.0)]
    assert members(trials, SharingSettings()) == []
    assert donor(flat(2), trials, SPACE, SharingSettings()) is None


def chosen(genome: Genome, trials: list[Trial], **settings: Any) -> int | None:
    found = donor(genome, trials, SPACE, ON.model_copy(update=settings))
    return None if found is None else found.number


def test_the_score_is_similarity_times_rank() -> None:
    """Of three: the fittest has rank 1, the next 2/3, the last 1/3."""
    far, near, twin = flat(8, "b"), flat(2, "a"), flat(1, "b")
    similar = [SPACE.similarity(flat(1, "a"), other) for other in (far, near, twin)]
    assert similar == pytest.approx([0, 5 / 6, 1 / 2])
    # 1 × 0, 2/3 × 5/6, 1/3 × 1/2
    assert chosen(flat(), [trial(0, far, 0.9), trial(1, near, 0.8), trial(2, twin, 0.7)]) == 1
    # 1/3 × 0, 2/3 × 5/6, 1 × 1/2
    assert chosen(flat(), [trial(0, far, 0.1), trial(1, near, 0.8), trial(2, twin, 0.9)]) == 1
    # 2/3 × 0, 1/3 × 5/6, 1 × 1/2: the fittest, although another is more alike
    assert chosen(flat(), [trial(0, far, 0.8), trial(1, near, 0.1), trial(2, twin, 0.9)]) == 2


def test_of_equal_scores_the_earlier_trial_is_the_donor() -> None:
    """In a pool of two: 1 × 1/2 against 1/2 × 1."""
    same, half = flat(1, "a"), flat(1, "b")
    assert SPACE.similarity(flat(), same) == 1
    assert SPACE.similarity(flat(), half) == 1 / 2
    assert chosen(flat(), [trial(4, half, 0.9), trial(3, same, 0.8)]) == 3
    assert chosen(flat(), [trial(3, half, 0.9), trial(4, same, 0.8)]) == 3


def test_only_the_pool_gives() -> None:
    trials = [trial(0, flat(8, "a"), 0.9), trial(1, flat(2, "a"), 0.8)]
    assert chosen(flat(1), trials, min_similarity=0.6) == 1
    assert chosen(flat(1), trials, min_similarity=0.6, max_models=1) is None


def test_nobody_inherits_from_a_stranger() -> None:
    unlike = SPACE.similarity(flat(1, "a"), flat(8, "b"))
    trials = [trial(0, flat(8, "b"), 0.9)]
    assert chosen(flat(1, "a"), trials, min_similarity=unlike) == 0
    assert chosen(flat(1, "a"), trials, min_similarity=unlike + 0.01) is None
    other_family = [trial(0, SPACE.genome("deep", {"layers": [{"units": 1}]}), 0.9)]
    assert chosen(flat(1), other_family, min_similarity=0.0) is None


def test_the_order_in_which_trials_come_does_not_matter() -> None:
    rng = random.Random(0)
    trials = [trial(n, SPACE.sample(rng), rng.choice([None, 0.5, 0.6])) for n in range(5)]
    for genome in (SPACE.sample(rng) for _ in range(5)):
        orders = [list(order) for order in permutations(trials)]
        assert len({chosen(genome, order, min_similarity=0.0) for order in orders}) == 1
        assert len({tuple(numbers(members(order, ON))) for order in orders}) == 1


# --- the tensors ----------------------------------------------------------------------------------


def stack(*units: int, norm: bool = True) -> nn.Sequential:
    """Linear layers with batch norm, flat, as the MLP family has them."""
    network = nn.Sequential(nn.Flatten())
    for one, other in zip((6, *units[:-1]), units, strict=True):
        network.append(nn.Linear(one, other))
        if norm:
            network.append(nn.BatchNorm1d(other))
        network.append(nn.ReLU())
    return network.append(nn.Linear(units[-1], 3))


def trained(network: nn.Module) -> dict[str, Tensor]:
    """A state no tensor of which any network starts with."""
    return {
        name: torch.arange(tensor.numel()).reshape(tensor.shape).to(tensor.dtype) + 7
        for name, tensor in network.state_dict().items()
    }


def copied(network: nn.Module, state: dict[str, Tensor], **options: bool) -> dict[str, str]:
    """Which tensor of the network equals which of the state, after the transfer."""
    for i, tensor in enumerate(state.values()):
        tensor.add_(100 * i)  # each is unlike all others
    transfer(network, state, **options)
    return {
        name: other
        for name, tensor in network.state_dict().items()
        for other, source in state.items()
        if tensor.shape == source.shape and torch.equal(tensor, source)
    }


def test_an_equal_network_is_copied_whole() -> None:
    network, state = stack(4, 4, 5), trained(stack(4, 4, 5))
    before = {name: tensor.clone() for name, tensor in state.items()}
    transferred = transfer(network, state)
    after = network.state_dict()
    assert all(torch.equal(after[name], state[name]) for name in state)
    assert all(torch.equal(state[name], before[name]) for name in state)
    assert transferred.share == 1.0
    assert transferred.tensors == len(state)
    assert transferred.params == transferred.of == sum(p.numel() for p in network.parameters())


def test_the_donor_stays_as_it_is_and_apart() -> None:
    network, state = stack(4), trained(stack(4))
    before = {name: tensor.clone() for name, tensor in state.items()}
    transfer(network, state)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1)
    assert all(torch.equal(state[name], before[name]) for name in state)


def test_what_does_not_fit_stays_as_it_began() -> None:
    network = stack(4, 5)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    transferred = transfer(network, trained(stack(4, 9)))
    after = network.state_dict()
    kept = {name for name in after if torch.equal(after[name], before[name])}
    assert kept == {name for name in after if name.split(".")[0] in "45"} | {"7.weight"}
    assert transferred.params == 6 * 4 + 4 + 4 + 4 + 3  # first layer, its norm, the head's bias
    assert 0 < transferred.share < 1


@pytest.mark.parametrize("where", [0, 1, 2])
def test_layers_after_one_that_was_put_in_keep_their_counterparts(where: int) -> None:
    """Four alike, then one is more: the head, whose number has changed, is still the head."""
    depth = [6, 6, 6]
    network = stack(*depth[:where], 6, *depth[where:])
    found = copied(network, trained(stack(*depth)))
    assert found["13.weight"] == "10.weight"
    assert found["13.bias"] == "10.bias"
    after = network.state_dict()
    hidden = [name for name in found if name.endswith("weight") and after[name].ndim == 2]
    assert len(hidden) == 4  # all that the donor has
    order = [int(found[name].split(".")[0]) for name in hidden]
    assert order == sorted(order)


def test_a_layer_that_was_taken_out_leaves_the_others_their_counterparts() -> None:
    found = copied(stack(4, 6), trained(stack(4, 5, 6)))
    assert found["1.weight"] == "1.weight"
    assert found["5.running_mean"] == "8.running_mean"
    assert found["7.weight"] == "10.weight"


LAYER = st.sampled_from([(2, 2), (2, 3), (3, 2), (4, 4)])
LAYERS = st.lists(LAYER, min_size=1, max_size=5)


@given(LAYERS, LAYERS)
def test_no_pairing_in_order_copies_more(
    mine: list[tuple[int, int]], yours: list[tuple[int, int]]
) -> None:
    def build(shapes: list[tuple[int, int]]) -> nn.Sequential:
        return nn.Sequential(*(nn.Linear(*shape, bias=False) for shape in shapes))

    most = max(
        sum(prod(one) for one, other in zip(left, right, strict=True) if one == other)
        for count in range(min(len(mine), len(yours)) + 1)
        for left in combinations(mine, count)
        for right in combinations(yours, count)
    )
    network, state = build(mine), trained(build(yours))
    transferred = transfer(network, state)
    assert transferred.params == most
    if mine == yours:
        assert all(torch.equal(network.state_dict()[name], state[name]) for name in state)


def test_parts_with_names_are_counterparts_by_name() -> None:
    mine = nn.ModuleDict({"one": nn.Linear(2, 2), "two": nn.Linear(2, 2), "new": nn.Linear(2, 2)})
    yours = nn.ModuleDict({"two": nn.Linear(2, 2), "one": nn.Linear(2, 2)})
    found = copied(mine, trained(yours))
    assert found == {name: name for name in ("one.weight", "one.bias", "two.weight", "two.bias")}


def test_stacks_are_in_the_order_of_their_numbers() -> None:
    """Not of their letters: 10 comes after 9."""
    units = [6] * 6
    state = trained(stack(*units))
    shuffled = dict(sorted(state.items()))
    assert all(name == other for name, other in copied(stack(*units), shuffled).items())


def test_batch_norm_is_copied_whole_or_not_at_all() -> None:
    state = trained(nn.BatchNorm1d(4))
    assert transfer(nn.BatchNorm1d(4), state).tensors == 5
    assert transfer(nn.LayerNorm(4), state).tensors == 0
    assert transfer(nn.BatchNorm1d(4), trained(nn.LayerNorm(4))).tensors == 0
    assert transfer(nn.BatchNorm1d(4), trained(nn.BatchNorm1d(4, affine=False))).tensors == 0
    assert transfer(nn.BatchNorm1d(3), state).tensors == 0


def test_slices_share_what_shapes_have_in_common() -> None:
    network, state = stack(4, norm=False), trained(stack(2, norm=False))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    transferred = transfer(network, state, slices=True)
    after = network.state_dict()
    assert torch.equal(after["1.weight"][:2], state["1.weight"])
    assert torch.equal(after["1.weight"][2:], before["1.weight"][2:])
    assert torch.equal(after["3.weight"][:, :2], state["3.weight"])
    assert torch.equal(after["3.weight"][:, 2:], before["3.weight"][:, 2:])
    assert transferred.params == 2 * 6 + 2 + 3 * 2 + 3
    # and from the larger to the smaller
    network, state = stack(2, norm=False), trained(stack(4, norm=False))
    assert transfer(network, state, slices=True).share == 1.0
    assert torch.equal(network.state_dict()["1.weight"], state["1.weight"][:2])


def test_a_slice_of_a_batch_norm_has_its_statistics() -> None:
    network, state = nn.Sequential(nn.BatchNorm1d(3)), trained(nn.Sequential(nn.BatchNorm1d(5)))
    assert transfer(network, state, slices=True).share == 1.0
    after = network.state_dict()
    assert torch.equal(after["0.running_var"], state["0.running_var"][:3])
    assert torch.equal(after["0.num_batches_tracked"], state["0.num_batches_tracked"])


def test_a_small_kernel_is_the_middle_of_a_large_one() -> None:
    small, large = nn.Conv2d(2, 4, 3), nn.Conv2d(3, 4, 5)
    state = trained(large)
    transfer(small, state, slices=True)
    assert torch.equal(small.weight, state["weight"][:, :2, 1:4, 1:4])
    state = trained(small)
    transfer(large, state, slices=True)
    assert torch.equal(large.weight[:, :2, 1:4, 1:4], state["weight"])


def test_networks_without_parameters_share_nothing() -> None:
    assert transfer(nn.Sequential(nn.Flatten()), {}).share == 0.0


# --- every family ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def space(registry: Registry) -> Space:
    return space_of(SpaceSettings(), registry)


def families() -> list[str]:
    return Registry.installed().names("family")


@pytest.mark.parametrize("name", families())
def test_in_every_family_all_of_a_twin_is_shared_and_much_of_a_relative(
    name: str, registry: Registry, space: Space
) -> None:
    rng, task = random.Random(0), Task((1, 16, 16), 4)
    family = registry.family(name)
    shares = []
    for _ in range(4):
        one = space.sample(rng, name)
        relative = space.mutate(one, rng, 0.05)
        state = family.build(one.genes, task).state_dict()
        assert transfer(family.build(one.genes, task), state).share == 1.0
        network = family.build(relative.genes, task)
        shares.append(transfer(network, state).share)
        assert transfer(network, state, slices=True).share >= shares[-1]
        with torch.no_grad():
            assert network.eval()(torch.zeros(2, *task.input_shape)).isfinite().all()
    assert max(shares) > 0.3


def test_a_twin_is_as_good_as_the_donor_before_any_training(
    registry: Registry, tmp_path: Path
) -> None:
    """Statistics of batch norm and all."""
    torch.set_num_threads(1)
    assembly = assemble(tiny.recipe(registry, tmp_path), registry)
    genome, workshop = assembly.space.sample(random.Random(1), "mlp"), assembly.workshop
    donated = workshop.train(genome, 3).network
    heir = workshop.build(genome)
    transfer(heir, donated.state_dict())
    assert workshop.test(heir) == workshop.test(donated)
