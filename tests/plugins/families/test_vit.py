"""Vision Transformers: the published sizes, and what is particular to attention among patches."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from snas_plugins.families._tokens import SelfAttention
from snas_plugins.families.vit import ViT
from torch import nn
from torchvision.models import vision_transformer

from snas_cli.api import Genes, Task
from snas_cli.training.cost import measure_cost

IMAGENET = Task((3, 224, 224), 1000)


def genes(
    patch: int, embedding: int, depth: int, heads: int, *, mlp_ratio: int = 4, **changes: Any
) -> Genes:
    layer = Genes({"heads": heads, "mlp_ratio": mlp_ratio})
    shared = {"batch_norm": False, "dropout": 0.0, **changes}
    return Genes({"patch": patch, "embedding": embedding, "layers": (layer,) * depth, **shared})


def parameter_sizes(network: nn.Module) -> list[int]:
    return sorted(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("name", "published", "count"),
    [
        ("vit_b_16", genes(16, 768, 12, 12), 86_567_656),
        ("vit_l_32", genes(32, 1024, 24, 16), 306_535_400),
        ("vit_h_14", genes(14, 1280, 32, 16), 632_045_800),
    ],
)
def test_published_networks(name: str, published: Genes, count: int) -> None:
    with torch.device("meta"):
        ours = ViT().build(published, IMAGENET)
        reference = getattr(vision_transformer, name)()
    assert parameter_sizes(ours) == parameter_sizes(reference)
    assert sum(parameter_sizes(ours)) == count


def test_attention_is_that_of_torch() -> None:
    """The layer torchvision builds on, with the same weights, gives the same tokens."""
    torch.manual_seed(0)
    ours, torchs = SelfAttention(24, 3), nn.MultiheadAttention(24, 3, batch_first=True)
    torchs.load_state_dict(
        {
            "in_proj_weight": ours.qkv.weight,
            "in_proj_bias": ours.qkv.bias,
            "out_proj.weight": ours.out.weight,
            "out_proj.bias": ours.out.bias,
        }
    )
    x = torch.randn(2, 7, 24)
    expected, _ = torchs(x, x, x, need_weights=False)
    torch.testing.assert_close(ours(x), expected)


def test_attention_counts_as_flops() -> None:
    """Over T tokens: two products of T×T×width in each block, and nothing is allocated for them."""
    tokens, width, depth = 1 + 112**2, 64, 2
    dense = 2 * tokens * width * (4 * width + 2 * width) * depth  # qkv, out, the MLP of ratio 1
    ends = 2 * (tokens - 1) * 2 * 2 * 3 * width + 2 * width * 1000  # patches and classifier
    cost = measure_cost(ViT(), genes(2, width, depth, 8, mlp_ratio=1), IMAGENET)
    assert cost.flops == dense + ends + 2 * (2 * tokens**2 * width) * depth


def test_heads_that_do_not_divide_the_embedding() -> None:
    torch.manual_seed(0)
    network = ViT().build(genes(4, 10, 2, 4), Task((1, 8, 8), 2))
    assert network(torch.randn(3, 1, 8, 8)).shape == (3, 2)


@pytest.mark.parametrize(("shape", "tokens"), [((1, 8, 8), 1), ((3, 33, 47), 9), ((3, 32, 64), 8)])
def test_pictures_are_padded_to_whole_patches(shape: tuple[int, int, int], tokens: int) -> None:
    torch.manual_seed(0)
    network = ViT().build(genes(16, 64, 2, 1), Task(shape, 2))
    assert network(torch.randn(2, *shape)).shape == (2, 2)
    assert dict(network.named_parameters())["1.positions"].shape == (1, 1 + tokens, 64)


def test_every_pixel_matters() -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 3, 33, 47, requires_grad=True)
    ViT().build(genes(16, 64, 2, 4), Task((3, 33, 47), 2))(images).square().sum().backward()
    assert images.grad is not None
    assert images.grad.ne(0).all()


def test_dropout_only_while_training() -> None:
    torch.manual_seed(0)
    network = ViT().build(genes(4, 64, 2, 2, dropout=0.5), Task((1, 8, 8), 2))
    images = torch.randn(2, 1, 8, 8)
    assert not torch.equal(network(images), network(images))
    network.eval()
    assert torch.equal(network(images), network(images))
