"""What this computer has, as nvidia-smi tells of it."""

from __future__ import annotations

import pytest

from snas_cli.ui.machine import _gpu


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0, NVIDIA A, 1024, 2048, 50", "0: NVIDIA A, 1.0 of 2.0 GiB in use, 50% busy"),
        ("1, Orin, nvgpu, [N/A], [N/A], [N/A]", "1: Orin, nvgpu"),
    ],
)
def test_a_gpu_in_words(line: str, words: str) -> None:
    assert _gpu(line).in_words() == words
