"""What holds for every family that comes with snas, whatever the genome and the pictures.

SNAS_GENOMES=1000 tries as many random genomes of each family for each size of picture; by default
it is a sample.
"""

from __future__ import annotations

import os
from random import Random
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from snas_cli.api import Genome, Layers, Task
from snas_cli.recipe.customising import gene_names
from snas_cli.recipe.resolve import own_space, space_of
from snas_cli.recipe.schema import SpaceSettings
from snas_cli.registry import Registry
from snas_cli.training.cost import measure_cost
from tests.builtin import FAMILIES

COUNT = int(os.environ.get("SNAS_GENOMES", "8"))
TASKS = [
    Task((1, 28, 28), 10),
    Task((3, 32, 32), 10),
    Task((1, 8, 8), 10),
    Task((3, 96, 96), 10),
    Task((3, 224, 224), 100),
]
FOR_REAL = 30_000_000  # FLOPs; what costs more is built on the meta device alone


def build(registry: Registry, genome: Genome, task: Task) -> nn.Module:
    torch.manual_seed(0)
    return registry.family(genome.family).build(genome.genes, task)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("task", TASKS[:3], ids=str)
def test_textbooks_are_small(registry: Registry, name: str, task: Task) -> None:
    """Within the FLOPs that a recipe allows by default."""
    family = registry.family(name)
    genome = own_space(family).textbook(name)
    assert genome is not None
    assert own_space(family).from_json(genome.to_json()) == genome
    assert measure_cost(family, genome.genes, task).flops <= 20_000_000


def test_there_are_ten() -> None:
    assert FAMILIES == [
        "cnn", "densenet", "efficientnet", "enhanced_mlp", "mlp", "mlp_mixer", "mobilenet",
        "resnet", "shufflenetv2", "vit",
    ]  # fmt: skip


@pytest.mark.parametrize("task", TASKS, ids=lambda task: "x".join(map(str, task.input_shape)))
@pytest.mark.parametrize("name", FAMILIES)
def test_any_genome_fits_any_picture(registry: Registry, name: str, task: Task) -> None:
    """The predecessor could not run 22 % of its ShuffleNetV2s, nor a DenseNet on grey pictures."""
    family, rng = registry.family(name), Random(task.input_shape[1])
    space = own_space(family)
    for _ in range(COUNT):
        genome = space.sample(rng)
        cost = measure_cost(family, genome.genes, task)
        assert min(cost.params, cost.flops, cost.activation_bytes) > 0
        if cost.flops < FOR_REAL:
            check_step(build(registry, genome, task), task, genome)


def check_step(network: nn.Module, task: Task, genome: Genome) -> None:
    """A step of training gives finite numbers, with channels last as in a search."""
    images = torch.randn(2, *task.input_shape).to(memory_format=torch.channels_last)
    logits = network.train().to(memory_format=torch.channels_last)(images)
    assert logits.shape == (2, task.classes), genome
    assert logits.isfinite().all(), genome
    logits.logsumexp(1).mean().backward()
    for parameter in network.parameters():
        assert parameter.grad is not None, genome
        assert parameter.grad.isfinite().all(), genome


@pytest.mark.parametrize("name", FAMILIES)
def test_no_1x1_convolution_has_a_stride(registry: Registry, name: str) -> None:
    """On a CPU with AVX2, torch 2.14's backward pass of one with 2 to 7 input channels, channels
    last, ends the process; grouped ones are safe."""
    family, rng = registry.family(name), Random(0)
    wide = {"kernel": 1} if "kernel" in gene_names(family.genes) else {}
    recipe = SpaceSettings(families=[name], genes=wide)
    space = space_of(recipe, registry)
    for _ in range(10):
        network = build(registry, space.sample(rng), Task((3, 64, 64), 10))
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d) and layer.groups == 1:
                assert layer.kernel_size != (1, 1) or layer.stride == (1, 1)


def slim(registry: Registry, name: str, *, norm: bool) -> Genome:
    """The family's deepest genome, with small numbers so that it runs in a moment."""
    space = own_space(registry.family(name))
    lowest, _ = space.extremes(name)
    genes = space.genes(name)
    changes: dict[str, Any] = {"batch_norm": norm}
    for gene, stack in genes.items():
        if isinstance(stack, Layers):
            changes[gene] = lowest.genes[gene][:1] * stack.most
    return space.genome(name, lowest.genes.replace(**changes))


@pytest.mark.parametrize("norm", [True, False], ids=["norm", "no norm"])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_deepest_network_is_alive(registry: Registry, name: str, *, norm: bool) -> None:
    """Its pictures get different logits, and its first layer learns."""
    task = Task((3, 32, 32), 10)
    network = build(registry, slim(registry, name, norm=norm), task).train()
    logits = network(torch.randn(8, *task.input_shape))
    assert logits.isfinite().all()
    assert logits.std(0).max() > 1e-6 * logits.abs().max()
    nn.functional.cross_entropy(logits, torch.arange(8)).backward()
    first = next(iter(network.parameters())).grad
    assert first is not None
    assert first.isfinite().all()
    assert first.abs().max() > 0


@pytest.mark.parametrize("name", FAMILIES)
def test_its_cost_is_that_of_the_real_network(registry: Registry, name: str) -> None:
    """FLOPs by torch's own counter, on the meta device too, for it does not know the CPU's fused
    attention; activations as autograd keeps them on the CPU."""
    family, task = registry.family(name), Task((3, 20, 16), 10)
    genome, _ = own_space(family).extremes(name)
    cost = measure_cost(family, genome.genes, task)
    assert cost == measure_cost(family, genome.genes, task)
    network = build(registry, genome, task)
    assert cost.params == sum(parameter.numel() for parameter in network.parameters())
    assert cost.flops == counted_flops(network, task)
    kept = kept_bytes(build(registry, genome, task), task)
    assert cost.activation_bytes == pytest.approx(kept, rel=0.5 if name == "vit" else 0.02)


def counted_flops(network: nn.Module, task: Task) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval().to("meta")(torch.empty(1, *task.input_shape, device="meta"))
    return counter.get_total_flops()


def kept_bytes(network: nn.Module, task: Task) -> float:
    """For one picture of a batch, less what the network holds anyway."""
    own = {t.untyped_storage().data_ptr() for t in [*network.parameters(), *network.buffers()]}
    kept: dict[int, torch.Tensor] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        place = tensor.untyped_storage().data_ptr()
        if place not in own:
            kept[place] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        network.train()(torch.randn(2, *task.input_shape))
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values()) / 2
