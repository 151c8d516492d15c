"""What a family must keep to."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from snas_cli.api import (
    Family,
    Genome,
    Space,
    Task,
)
from snas_cli.recipe.resolve import own_space

TASKS = (Task((1, 8, 8), 2), Task((1, 28, 28), 10), Task((3, 33, 47), 7), Task((3, 48, 40), 100))


def check_family(family: Family, *, genomes: int = 12, seed: int = 0) -> None:
    """Random genomes become networks that give finite logits and gradients, for several tasks, and
    no gene is decoration: networks differ exactly where phenotypes do."""
    space = own_space(family)
    rng = Random(seed)
    for number in range(genomes):
        genome = space.sample(rng)
        again = space.from_json(json.loads(json.dumps(genome.to_json())))
        assert again == genome, f"{genome} changes on its way through JSON"
        _check_network(family, genome, TASKS[number % len(TASKS)])
    for _ in range(4):
        _check_genes(family, space, rng)


def _check_network(family: Family, genome: Genome, task: Task) -> None:
    import torch

    torch.manual_seed(0)
    network = family.build(genome.genes, task)
    images = torch.randn(3, *task.input_shape)
    logits = network.train()(images)
    assert logits.shape == (3, task.classes), f"{genome}: logits {tuple(logits.shape)} for {task}"
    logits.square().mean().backward()
    for name, parameter in network.named_parameters():
        gradient = parameter.grad
        assert gradient is not None, f"{genome}: {name} has no gradient: it plays no part"
        assert gradient.isfinite().all(), f"{genome}: the gradient of {name} is not finite"
    network.eval()
    with torch.no_grad():
        one, whole = network(images[:1]), network(images)
    assert torch.allclose(one, whole[:1], atol=1e-4), f"{genome}: pictures sway each other"
    with torch.device("meta"):
        family.build(genome.genes, task)  # to count what it costs


TRAINING_GENES = {"learning_rate", "optimizer"}  # the trainer's


def _check_genes(family: Family, space: Space, rng: Random) -> None:
    """Steps one gene of each name in a random genome."""
    genome = space.sample(rng)
    sites = space.sites(genome)
    rng.shuffle(sites)
    answers = _answers(family, genome)
    for name, site in {site.path[-1]: site for site in sites}.items():
        child = space.step(genome, site, rng)
        if child == genome or name in TRAINING_GENES:
            continue
        differ = answers != _answers(family, child)
        if child.fingerprint == genome.fingerprint:
            assert not differ, f"{name}: two networks have one phenotype: {genome}, {child}"
        else:
            assert differ, f"{name} changes nothing, from {genome} to {child}; see phenotype()"


def _answers(family: Family, genome: Genome) -> list[Any]:
    """What tells one network from another: the shapes of its weights, and what it answers in
    training, where dropout counts. No weight is left at 0, where it would hide what it scales."""
    import torch

    torch.manual_seed(0)
    network = family.build(genome.genes, Task((3, 12, 16), 5)).train()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        logits = network(torch.randn(4, 3, 12, 16))
    return [*(parameter.shape for parameter in network.parameters()), logits.tolist()]
