"""The blocks of networks on tokens: a picture is cut into patches, and a stack of blocks works on
their embeddings (Dosovitskiy et al. 2021, figure 1; Tolstikhin et al. 2021, figure 1)."""

from __future__ import annotations

from math import ceil

import torch
from torch import nn
from torch.nn import functional
from torchvision.ops import MLP, Conv2dNormActivation

from snas_plugins.families._layers import Shortcut, initialise


class Patches(nn.Module):
    """Patches side by side, all embedded by the same linear map: N×C×H×W to N×tokens×width. A
    picture that does not divide into patches is padded with zeros on all sides."""

    def __init__(
        self, input_shape: tuple[int, int, int], patch: int, width: int, *, norm: bool
    ) -> None:
        super().__init__()
        channels, rows, columns = input_shape
        self.tokens = ceil(rows / patch) * ceil(columns / patch)
        margins = (*_margins(columns, patch), *_margins(rows, patch))
        self.pad = nn.ZeroPad2d(margins) if any(margins) else nn.Identity()
        self.project = Conv2dNormActivation(
            channels,
            width,
            patch,
            patch,
            padding=0,
            norm_layer=nn.BatchNorm2d if norm else None,  # as in the stems of Xiao et al. 2021
            activation_layer=None,
        )
        initialise(self.project[0], None)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        embedded: torch.Tensor = self.project(self.pad(images))
        return embedded.flatten(2).transpose(1, 2)


def _margins(size: int, patch: int) -> tuple[int, int]:
    missing = -size % patch
    return missing // 2, missing - missing // 2


class ClassToken(nn.Module):
    """Puts a learned token in front of the others and adds learned positions (Dosovitskiy et al.
    2021, eq. 1): N×tokens×width to N×(1 + tokens)×width."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.empty(1, 1, width))
        self.positions = nn.Parameter(torch.empty(1, 1 + tokens, width))
        nn.init.trunc_normal_(self.token, std=0.02)
        nn.init.trunc_normal_(self.positions, std=0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions


class SelfAttention(nn.Module):
    """Multi-head self-attention (Dosovitskiy et al. 2021, appendix A): N×tokens×width to the same.
    A head is width / heads wide, rounded up."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        inner = heads * ceil(width / heads)
        self.qkv = nn.Linear(width, 3 * inner)
        self.out = nn.Linear(inner, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        qkv = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        queries, keys, values = qkv.unbind()  # each N×heads×tokens×inner/heads
        attended = functional.scaled_dot_product_attention(queries, keys, values)
        mixed: torch.Tensor = self.out(attended.transpose(1, 2).flatten(2))
        return mixed


class Transposed(nn.Module):
    """Applies `inner` to each channel over all tokens instead of to each token."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mixed: torch.Tensor = self.inner(x.transpose(1, 2))
        return mixed.transpose(1, 2)


def encoder_block(width: int, heads: int, hidden: int, drop: float) -> nn.Module:
    """Self-attention, then an MLP (Dosovitskiy et al. 2021, eq. 2 and 3), with dropout after every
    dense layer but the one for queries, keys and values (appendix B.1)."""
    block = nn.Sequential(
        _pre_norm(width, SelfAttention(width, heads), nn.Dropout(drop)),
        _pre_norm(width, _mlp(width, hidden, drop)),
    )
    return block.apply(_initialise_as_vit)


def mixer_block(tokens: int, width: int, hidden: tuple[int, int], drop: float) -> nn.Module:
    """An MLP over the tokens, then one over the channels (Tolstikhin et al. 2021, eq. 1)."""
    block = nn.Sequential(
        _pre_norm(width, Transposed(_mlp(tokens, hidden[0], drop))),
        _pre_norm(width, _mlp(width, hidden[1], drop)),
    )
    return block.apply(_initialise_as_mixer)


def _pre_norm(width: int, *branch: nn.Module) -> Shortcut:
    return Shortcut(nn.Sequential(layer_norm(width), *branch), width, width, norm=False)


def layer_norm(width: int) -> nn.LayerNorm:
    return nn.LayerNorm(width, eps=1e-6)  # as in the code of both papers


def _mlp(width: int, hidden: int, drop: float) -> MLP:
    return MLP(width, [hidden, width], activation_layer=nn.GELU, dropout=drop)


def _initialise_as_vit(layer: nn.Module) -> None:
    """As the authors' code does: github.com/google-research/vision_transformer."""
    if isinstance(layer, nn.Linear):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)


def _initialise_as_mixer(layer: nn.Module) -> None:
    """As Flax does by default, and so the authors' code (appendix E)."""
    if isinstance(layer, nn.Linear):
        initialise(layer, None)


class FirstToken(nn.Module):
    """N×tokens×width to N×width."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, 0]


class MeanToken(nn.Module):
    """N×tokens×width to N×width."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(1)


def classifier(width: int, classes: int) -> nn.Linear:
    """N×width to N×classes."""
    head = nn.Linear(width, classes)
    nn.init.trunc_normal_(head.weight, std=0.02)
    nn.init.zeros_(head.bias)
    return head
