"""Changes to training pictures."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from snas_cli.recipe.schema import AugmentationSettings
from snas_cli.training.augmentation import Augmentation, erase, move
from tests.training import made

ALL = {"randaugment": 2, "mixup": 0.2, "cutmix": 1.0, "erase": 0.5}


def augmentation(channels: int = 3, **settings: Any) -> Augmentation:
    plain = {"shift": False, "flip": False}
    chosen = AugmentationSettings.model_validate({**plain, **settings})
    return Augmentation(chosen, made.task_data(channels=channels))


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def pictures(count: int = 12, channels: int = 3) -> Tensor:
    return torch.randint(0, 256, (count, channels, 8, 8), dtype=torch.uint8, generator=seeded())


def test_shift_moves_whole_pictures_by_a_pixel_at_most_in_eight() -> None:
    images = torch.arange(64, dtype=torch.uint8).view(1, 1, 8, 8).repeat(200, 1, 1, 1)
    moved = move(images, seeded(), shift=True, flip=False)
    assert moved.shape == images.shape
    seen = {tuple(map(int, picture[0, 3, 3:5])) for picture in moved}
    assert seen == {(at, at + 1) for row in (2, 3, 4) for at in range(row * 8 + 2, row * 8 + 5)}


def test_shift_repeats_the_border_in_every_channel() -> None:
    rows = torch.arange(16, dtype=torch.uint8).view(1, 1, 16, 1).expand(50, 1, 16, 12)
    images = torch.cat([rows, rows + 100], 1)
    moved = move(images, seeded(), shift=True, flip=False)
    assert torch.equal(moved[:, 1], moved[:, 0] + 100)
    steps = moved[:, 0].int().diff(dim=1)
    assert set(steps.unique().tolist()) == {0, 1}
    assert (steps == 0).sum(1).max() == 1  # 12 // 8
    assert (moved.int().diff(dim=3) == 0).all()


def test_flip_mirrors_about_half() -> None:
    images = torch.arange(4, dtype=torch.uint8).view(1, 1, 1, 4).repeat(400, 2, 3, 1)
    flipped = move(images, seeded(), shift=False, flip=True)
    assert set(flipped[:, 0, 0, 0].tolist()) == {0, 3}
    assert 150 < (flipped[:, 0, 0, 0] == 3).sum() < 250
    whole = torch.where(flipped[:, :1, :1, :1] == 3, images.flip(3), images)
    assert torch.equal(flipped, whole)


def test_what_is_mirrored_has_been_shifted_first() -> None:
    """The same draws one after the other."""
    images, generator = pictures(50), seeded()
    shifted = move(images, generator, shift=True, flip=False)
    mirrored = move(shifted, generator, shift=False, flip=True)
    assert torch.equal(move(images, seeded(), shift=True, flip=True), mirrored)


def test_erase_takes_one_rectangle_each_of_a_third_at_most() -> None:
    erased = erase(torch.ones(300, 3, 16, 16), 1.0, seeded())
    holes = (erased == 0).float()
    assert torch.equal(holes[:, 0], holes[:, 1])
    assert torch.equal(holes[:, 0], holes[:, 0].amax(1, keepdim=True) * holes[:, 0].amax(2, True))
    for side in (1, 2):  # a rectangle is one stretch of rows and one of columns
        edges = torch.nn.functional.pad(holes[:, 0].amax(3 - side), (1, 1)).diff(dim=1)
        assert torch.equal((edges == 1).sum(1), torch.ones(300, dtype=torch.int64))
    share = holes[:, 0].mean((1, 2))
    assert 0 < share.min() < 0.05
    assert 0.25 < share.max() < 0.4  # rounded to whole pixels
    assert len(share.unique()) > 20  # each picture has its own


def test_erase_has_its_chance_for_each_picture() -> None:
    erased = erase(torch.ones(400, 1, 8, 8), 0.25, seeded())
    assert 60 < (erased == 0).flatten(1).any(1).sum() < 140


@pytest.mark.parametrize("channels", [1, 3])
def test_randaugment_takes_whole_batches_in_parts(channels: int) -> None:
    """A part has the same operations; not every part, or a batch would be changed as one."""
    change = augmentation(channels, randaugment=2).change
    same = pictures(1, channels).expand(12, -1, -1, -1)
    kinds = set()
    for seed in range(20):
        torch.manual_seed(seed)
        changed = change(same, seeded())
        assert changed.shape == same.shape
        assert changed.dtype == torch.uint8
        kinds.add(sum(not torch.equal(one, other) for one, other in pairwise(changed)))
    assert max(kinds) == 3  # borders of four parts
    assert not torch.equal(changed, same)


@pytest.mark.parametrize("magnitude", [0, 30])
def test_randaugment_has_all_magnitudes(magnitude: int) -> None:
    change = augmentation(randaugment=4, randaugment_magnitude=magnitude).change
    for seed in range(20):
        torch.manual_seed(seed)
        assert change(pictures(2), seeded()).shape == (2, 3, 8, 8)


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_mixed_labels_are_the_shares_of_what_is_mixed(kind: str) -> None:
    """Pictures of one class are all of one value here, and so each pixel, or their mean, tells."""
    mix = augmentation(**{kind: 1.0}).mix
    labels = torch.tensor([0, 1, 2, 1, 0])
    images = labels.float().view(-1, 1, 1, 1).expand(-1, 3, 8, 8)
    torch.manual_seed(1)
    mixed, shares = mix(images, labels, seeded())
    assert shares.shape == (5, 3)
    assert shares.sum(1) == pytest.approx(torch.ones(5))
    assert mixed.mean((1, 2, 3)) == pytest.approx(shares @ torch.tensor([0.0, 1.0, 2.0]), abs=1e-5)
    assert 0.01 < shares.max(1).values.min() < 0.999


def test_one_of_mixup_and_cutmix_is_drawn_for_a_batch() -> None:
    mix = augmentation(mixup=1.0, cutmix=1.0).mix
    labels = torch.tensor([0, 1, 2, 1])
    images = labels.float().view(-1, 1, 1, 1).expand(-1, 3, 8, 8)
    generator, blended = seeded(), []
    torch.manual_seed(0)
    for _ in range(40):
        mixed, _ = mix(images, labels, generator)
        blended.append(bool((mixed[0] != mixed[0].round()).any()))
    assert 5 < sum(blended) < 35


def test_nothing_asked_for_changes_nothing() -> None:
    nothing, images, labels = augmentation(), pictures(), torch.arange(12) % 3
    assert nothing.change(images, seeded()) is images
    assert nothing.mix(images, labels, seeded()) == (images, labels)


def test_flips_are_the_data_sets_where_the_recipe_leaves_them_open() -> None:
    images = pictures(40)
    for mirrored in (None, False, True):
        data = made.task_data(mirrored=mirrored)
        for chosen, expected in ((None, bool(mirrored)), (True, True), (False, False)):
            settings = AugmentationSettings(shift=False, flip=chosen)
            changed = Augmentation(settings, data).change(images, seeded())
            assert torch.equal(changed, images) is not expected


@pytest.mark.parametrize("channels", [1, 3])
def test_the_same_chance_gives_the_same_pictures(channels: int) -> None:
    every = augmentation(channels, shift=True, flip=True, **ALL)
    images, labels = pictures(channels=channels), torch.arange(12) % 3
    results = []
    for _ in range(2):
        torch.manual_seed(5)
        generator = seeded()
        results.append(every.mix(every.change(images, generator).float(), labels, generator))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])
