"""MLP-Mixers: the published sizes, part by part, and what is particular to mixing."""

from __future__ import annotations

import pytest
import torch
from snas_plugins.families.mlp_mixer import MLPMixer
from torch import nn

from snas_cli.api import Genes, Task

IMAGENET = Task((3, 224, 224), 1000)
CLASSIFIER = 769_000  # of a network 768 wide


def genes(
    patch: int, embedding: int, depth: int, *, token_mixing: float = 0.5, channel_mixing: float = 4
) -> Genes:
    layer = Genes({"token_mixing": token_mixing, "channel_mixing": channel_mixing})
    shared = {"batch_norm": False, "dropout": 0.0}
    return Genes({"patch": patch, "embedding": embedding, "layers": (layer,) * depth, **shared})


def on_meta(published: Genes) -> nn.Sequential:
    with torch.device("meta"):
        network = MLPMixer().build(published, IMAGENET)
    assert isinstance(network, nn.Sequential)
    return network


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("patch", "embedding", "depth", "millions"),
    [
        (32, 512, 8, 19),
        (16, 512, 8, 18),
        (32, 768, 12, 60),
        (16, 768, 12, 59),
        (32, 1024, 24, 206),
        (16, 1024, 24, 207),
        (14, 1280, 32, 431),
    ],
    ids=["S/32", "S/16", "B/32", "B/16", "L/32", "L/16", "H/14"],
)
def test_published_sizes(patch: int, embedding: int, depth: int, millions: int) -> None:
    """Table 1 of the paper, which leaves the classifier out."""
    network = on_meta(genes(patch, embedding, depth))
    assert round((count(network) - count(network[-1])) / 1e6) == millions


def test_every_part_of_b16() -> None:
    """From table 1: S = 196 patches of 16×16, C = 768, D_S = 384, D_C = 3072, 12 layers."""
    patches, width, tokens_inside, channels_inside = 196, 768, 384, 3072
    norm = 2 * width
    token_mixing = patches * tokens_inside + tokens_inside + tokens_inside * patches + patches
    channel_mixing = width * channels_inside + channels_inside + channels_inside * width + width
    block = [norm, token_mixing, norm, channel_mixing]
    expected = [16 * 16 * 3 * width + width, 12 * sum(block), norm, 0, CLASSIFIER]
    network = on_meta(genes(16, 768, 12))
    assert [count(part) for part in network] == expected
    first = network.get_submodule("1.0")
    assert [
        count(part) for mix in first.children() for part in mix.get_submodule("branch").children()
    ] == block
    assert sum(expected) == 59_880_472


def test_every_pixel_matters() -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 3, 33, 47, requires_grad=True)
    MLPMixer().build(genes(16, 64, 2), Task((3, 33, 47), 2))(images).square().sum().backward()
    assert images.grad is not None
    assert images.grad.ne(0).all()


def test_narrowest_mixing_of_the_narrowest_embedding() -> None:
    torch.manual_seed(0)
    narrow = genes(16, 8, 2, token_mixing=0.05, channel_mixing=0.25)
    network = MLPMixer().build(narrow, Task((1, 8, 8), 2))
    assert network(torch.randn(3, 1, 8, 8)).shape == (3, 2)
