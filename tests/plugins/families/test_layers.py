"""What several families build on: where pictures are halved, stems and shortcuts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from snas_plugins.families._layers import (
    ACTIVATIONS,
    Shortcut,
    convolution,
    depthwise,
    halvings,
    late_halvings,
    stem,
    strides,
)
from torch import nn

SIZES = st.integers(8, 256)
WIDTHS = st.lists(st.integers(1, 8), min_size=1, max_size=50)

# --- where pictures are halved --------------------------------------------------------------------


def pooled(size: int, times: Sequence[int]) -> int:
    """The pixels that are left, for pooling rounds down each time."""
    for halved in times:
        size //= 2**halved
    return size


@pytest.mark.parametrize("depth", range(1, 51))
def test_halvings_leave_four_to_seven_pixels(depth: int) -> None:
    for size in range(8, 257):
        times = halvings(depth, size)
        assert len(times) == depth
        assert 4 <= pooled(size, times) <= 7


@given(depth=st.integers(1, 50), size=SIZES)
def test_halvings_are_spread_evenly_and_early(depth: int, size: int) -> None:
    times = halvings(depth, size)
    assert max(times) - min(times) <= 1
    assert times[0] == max(times)


@pytest.mark.parametrize("depth", range(1, 51))
def test_late_halvings_leave_seven_to_thirteen_pixels(depth: int) -> None:
    for size in range(8, 257):
        times = late_halvings(depth, size)
        assert len(times) == depth
        assert 7 <= pooled(size, times) <= 13


@pytest.mark.parametrize("size", [28, 32])
def test_late_halvings_leave_each_size_as_many_layers(size: int) -> None:
    assert late_halvings(6, size) == [0, 1, 0, 1, 0, 0]
    assert late_halvings(2, size) == [1, 1]
    assert late_halvings(7, size) == [0, 0, 1, 0, 1, 0, 0]


@pytest.mark.parametrize("depth", range(1, 51))
def test_strides_leave_four_to_seven_pixels(depth: int) -> None:
    for size in range(8, 257):
        for widths in (range(depth), [8] * depth):
            steps = strides(widths, size)
            assert len(steps) == depth
            left = size
            for step in steps:
                left = ceil(left / step)  # as padded convolutions do
            assert 4 <= left <= 7


@given(widths=WIDTHS, size=SIZES)
def test_strides_fall_on_growing_widths_first(widths: list[int], size: int) -> None:
    steps = strides(widths, size)
    grows = [False, *(width > before for before, width in pairwise(widths))]
    growing = [step for step, grown in zip(steps, grows, strict=True) if grown]
    others = [step for step, grown in zip(steps, grows, strict=True) if not grown]
    assert all(step > 1 for step in growing) or all(step == 1 for step in others)


@given(widths=WIDTHS, size=SIZES)
def test_strides_are_large_only_where_blocks_are_few(widths: list[int], size: int) -> None:
    steps = strides(widths, size)
    assert max(steps) <= 2 * min(steps)
    assert ceil(size / prod(steps)) <= 7


@pytest.mark.parametrize(
    ("widths", "size", "expected"),
    [
        ([64, 64, 128, 128, 256, 256, 512, 512], 56, [1, 1, 2, 1, 2, 1, 2, 1]),  # ResNet-18
        ([64] * 6, 32, [2, 1, 2, 1, 2, 1]),  # none grows: evenly
        ([64, 32, 64], 32, [2, 2, 2]),
        ([16, 32], 64, [4, 4]),
        ([16, 32], 7, [1, 1]),
    ],
)
def test_strides_of(widths: list[int], size: int, expected: list[int]) -> None:
    assert strides(widths, size) == expected


# --- blocks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("norm", [True, False])
def test_convolution_has_what_it_is_given(activation: str, norm: bool) -> None:
    layer, *others = convolution(3, 8, 5, stride=2, activation=activation, norm=norm)
    kinds = [nn.BatchNorm2d] * norm + [ACTIVATIONS[activation]]
    assert [type(other) for other in others] == kinds
    assert (layer.bias is None) == norm
    assert layer(torch.zeros(2, 3, 9, 6)).shape == (2, 8, 5, 3)


def test_a_depthwise_convolution_keeps_channels_apart() -> None:
    block = depthwise(4, 3, stride=2, activation=None, norm=False)
    images = torch.randn(2, 4, 9, 6)
    features = block(images)
    assert features.shape == (2, 4, 5, 3)
    images[:, 1] = 0
    assert torch.equal(block(images)[:, 2:], features[:, 2:])


def test_a_stem_says_what_it_leaves() -> None:
    for size in range(8, 257):
        with torch.device("meta"):
            block, left = stem(1, 2, size, activation="relu", norm=True)
            assert block(torch.zeros(1, 1, size, size)).shape == (1, 2, left, left)
        assert left == (size if size < 96 else ceil(size / 4))


def test_a_shortcut_adds_what_fits() -> None:
    shortcut = Shortcut(nn.ReLU(), 4, 4, norm=True)
    images = torch.randn(2, 4, 3, 3)
    assert torch.equal(shortcut(images), images.relu() + images)
    assert not list(shortcut.parameters())


@pytest.mark.parametrize(("filters", "stride"), [(4, 2), (6, 1), (6, 4)])
@pytest.mark.parametrize("norm", [True, False])
def test_a_shortcut_projects_what_does_not(filters: int, stride: int, norm: bool) -> None:
    branch = convolution(4, filters, 3, stride=stride, activation="relu", norm=norm)
    shortcut = Shortcut(branch, 4, filters, stride=stride, norm=norm).eval()
    images = torch.randn(2, 4, 9, 6)
    assert torch.equal(shortcut(images), branch(images) + shortcut.project(images))
    kinds = [type(layer) for layer in shortcut.project]
    thinned = [nn.MaxPool2d] * (stride > 1)
    assert kinds == thinned + [nn.Conv2d] + [nn.BatchNorm2d] * norm
