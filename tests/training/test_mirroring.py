"""When pictures may be mirrored: what a network that never saw one mirrored says."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from snas_cli.training.mirroring import Answers, answers, objection
from tests.training import made


@pytest.mark.parametrize(
    ("right", "lost", "gained"),
    [
        (170, 31, 25),  # cats: half of them hard to tell, either way round
        (20, 1, 0),
        (20, 0, 0),
        (5, 4, 0),  # may be chance
        (119, 30, 12),  # dogs, known to one who was chosen for it
        (1000, 160, 20),  # certain, and of no weight
        (20, 0, 12),
    ],
)
def test_nothing_against_it(right: int, lost: int, gained: int) -> None:
    assert Answers("cat", right, lost, gained).objection is None


@pytest.mark.parametrize(("right", "lost", "gained"), [(5, 5, 0), (20, 19, 0), (1000, 380, 20)])
def test_labels_that_do_not_stay(right: int, lost: int, gained: int) -> None:
    objection = Answers("turn_left", right, lost, gained).objection
    assert objection == f"of turn_left {right} are known, and {right - lost + gained} when mirrored"


@pytest.mark.parametrize("right", [0, 4])
def test_a_class_that_is_hardly_known_tells_nothing(right: int) -> None:
    objection = Answers("yak", right, 0, 0).objection
    assert objection == f"of yak only {right} are known, too few to tell"


class Brightness(nn.Module):
    """Tells the classes of `made` apart: by the columns on the left alone, or by all of them."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self._columns = columns

    def forward(self, images: Tensor) -> Tensor:
        seen = images[..., : self._columns].mean((1, 2, 3))  # −1.5, −0.3, 0.8 or so
        return -((seen[:, None] - torch.tensor([-1.5, -0.3, 0.8])) ** 2)


def test_pictures_that_are_alike_both_ways_round() -> None:
    data = made.task_data(mirrored=None)
    assert objection(Brightness(8), data) is None
    found = answers(Brightness(8), data)
    assert [(one.name, one.right, one.lost, one.gained) for one in found] == [
        ("a", 40, 0, 0), ("b", 40, 0, 0), ("c", 40, 0, 0)
    ]  # fmt: skip


def test_pictures_whose_left_is_not_their_right() -> None:
    data = made.task_data(mirrored=None)
    for batch in data.val.store.images:  # type: ignore[attr-defined]
        batch[..., 4:] = 90  # their right half tells nothing
    assert objection(Brightness(4), data) == "of a 40 are known, and 0 when mirrored"
    assert [one.right for one in answers(Brightness(4), data)] == [40, 40, 40]
