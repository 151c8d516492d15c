"""The pictures that exported files are compared by."""

from __future__ import annotations

import numpy as np
import pytest

from snas_cli.experiment.exports import sample
from tests.data.test_task_data import made


@pytest.mark.parametrize("pixels", [False, True])
def test_they_lie_in_memory_as_they_are_read_from_a_file(pixels: bool) -> None:
    """Else torch adds up in another order, and what computes the very same differs a little."""
    data = made(40, 40)
    images = sample(data.train, data, 50, pixels=pixels).images
    assert images.strides == np.empty(images.shape, images.dtype).strides
