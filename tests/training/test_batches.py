"""Which pictures are in a batch, and how they come."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from snas_cli.recipe.schema import TrainingSettings
from snas_cli.training.batches import (
    Batch,
    Normaliser,
    batches_per_epoch,
    class_weights,
    part_of_epoch,
    plain_batches,
    training_batches,
)
from tests.training import made

STRONG = {"randaugment": 4, "randaugment_magnitude": 30, "mixup": 1.0, "cutmix": 1.0, "erase": 1.0}


def epoch(counts: tuple[int, ...] = (40, 40, 40), **settings: Any) -> list[Batch]:
    generator = torch.Generator().manual_seed(0)
    chosen = TrainingSettings.model_validate(settings)
    return list(training_batches(made.task_data(counts), chosen, generator))


def labels_of(batches: list[Batch]) -> list[int]:
    return torch.cat([labels for _, labels in batches]).bincount().tolist()


def test_an_epoch_shows_every_picture_once() -> None:
    assert labels_of(epoch((30, 50, 7), batch_size=16)) == [30, 50, 7]


@pytest.mark.parametrize(
    ("size", "sizes"), [(43, [43, 43, 34]), (119, [119]), (200, [120]), (60, [60, 60])]
)
def test_a_last_batch_of_one_is_left_out(size: int, sizes: list[int]) -> None:
    assert [len(labels) for _, labels in epoch(batch_size=size)] == sizes
    settings = TrainingSettings(batch_size=size)
    assert batches_per_epoch(made.task_data(), settings) == len(sizes)


def test_an_epoch_can_be_cut_short() -> None:
    assert [len(labels) for _, labels in epoch(batch_size=32, max_batches=2)] == [32, 32]
    assert len(epoch(batch_size=64, max_batches=9)) == 2


@pytest.mark.parametrize(("max_batches", "part"), [(None, 1), (1, 1 / 4), (3, 3 / 4), (9, 1)])
def test_how_much_of_an_epoch_there_is(max_batches: int | None, part: float) -> None:
    settings = TrainingSettings(batch_size=32, max_batches=max_batches)
    assert part_of_epoch(made.task_data(), settings) == part


def test_classes_are_drawn_equally_often_when_they_are_sampled() -> None:
    counts = labels_of(epoch((300, 30, 30), balance="sampling"))
    assert sum(counts) == 360
    assert all(90 < count < 150 for count in counts)


def test_weights_of_classes_are_inverse_to_their_pictures() -> None:
    weights = class_weights(made.task_data((10, 20, 40)))
    assert weights.mean() == pytest.approx(1)
    assert (weights * torch.tensor([10, 20, 40])).tolist() == pytest.approx([120 / 7] * 3)
    assert class_weights(made.task_data((5, 5, 5))).tolist() == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("channels", [1, 3])
def test_normalised_pictures_lie_channels_last(channels: int) -> None:
    data = made.task_data(channels=channels)
    images = data.train.store.images  # type: ignore[attr-defined]
    normalised = Normaliser(data)(images)
    assert normalised.shape == images.shape
    assert normalised.stride() == (64 * channels, 1, 8 * channels, channels)
    assert torch.allclose(normalised, (images / 255 - 0.4) / 0.2, atol=1e-5)


def test_batches_to_learn_from_and_to_judge_by_lie_alike() -> None:
    data = made.task_data(channels=1)
    ((judged, _),) = plain_batches(data.val, data)
    learnt, _ = epoch(batch_size=120)[0]
    assert learnt.dtype == judged.dtype == torch.float32
    assert learnt.stride()[1] == judged.stride()[1] == 1


def test_pictures_to_judge_by_are_never_augmented() -> None:
    """However strong the augmentation: there is no way for it into these batches."""
    data = made.task_data()
    settings = TrainingSettings.model_validate({"augmentation": STRONG, "batch_size": 120})
    ((augmented, shares),) = training_batches(data, settings, torch.Generator().manual_seed(0))
    for images in (data.val, data.test):
        ((plain, labels),) = plain_batches(images, data)
        assert torch.equal(plain, Normaliser(data)(images.store.images))  # type: ignore[attr-defined]
        assert torch.equal(labels, images.labels)
    assert augmented.shape == plain.shape
    assert shares.shape == (120, 3)


def test_large_pictures_are_judged_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snas_cli.training.batches.JUDGED_PIXELS", 50 * 8 * 8)
    data = made.task_data()
    assert [len(labels) for _, labels in plain_batches(data.val, data)] == [50, 50, 20]
