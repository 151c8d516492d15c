"""Changes to training pictures: whole batches at once, on their device."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from snas_cli.data.task_data import TaskData
from snas_cli.recipe.schema import AugmentationSettings

# RandAugment draws its operations for a whole batch; so it is given parts. Each costs as much time
# as the whole, for such small tensors.
PARTS = 4


class Augmentation:
    """What a recipe asks for. Everything is drawn from `generator`, but for the transforms of
    torchvision, which draw from torch's global generator."""

    def __init__(self, settings: AugmentationSettings, data: TaskData) -> None:
        self._settings = settings
        # Where it is not known whether labels stay true, nothing is mirrored.
        self._flips = bool(data.mirrored) if settings.flip is None else settings.flip
        self._operations = _operations(settings)
        self._mixtures = _mixtures(settings, len(data.classes))

    def change(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Of pictures as they are stored: uint8 N×C×H×W."""
        if self._settings.shift or self._flips:
            images = move(images, generator, shift=self._settings.shift, flip=self._flips)
        if self._operations is not None:
            images = torch.cat([self._operations(part) for part in images.chunk(PARTS)])
        return images

    def mix(
        self, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Of normalised pictures, float32 N×C×H×W, and labels N, which become shares N×classes
        where pictures are mixed."""
        if self._settings.erase:
            images = erase(images, self._settings.erase, generator)
        if self._mixtures:
            drawn = int(torch.randint(len(self._mixtures), (), generator=generator))
            images, labels = self._mixtures[drawn](images, labels)
        return images, labels


# --- each picture ---------------------------------------------------------------------------------


def move(images: Tensor, generator: torch.Generator, *, shift: bool, flip: bool) -> Tensor:
    """Shifts each picture by up to an eighth of its side, with its border repeated; and mirrors
    it, left to right, with a chance of one half."""
    count, channels, height, width = images.shape
    rows = torch.arange(height).expand(count, -1)  # N×H: where each row comes from
    columns = torch.arange(width).expand(count, -1)  # N×W
    if shift:
        reach = max(min(height, width) // 8, 1)
        moves = torch.randint(-reach, reach + 1, (2, count, 1), generator=generator)
        rows = (rows + moves[0]).clamp_(0, height - 1)
        columns = (columns + moves[1]).clamp_(0, width - 1)
    if flip:
        chosen = torch.rand(count, 1, generator=generator) < 0.5
        columns = torch.where(chosen, columns.flip(1), columns)
    rows, columns = (at.to(images.device, non_blocking=True) for at in (rows, columns))
    # One gather along all pixels takes a third of the time of indexing by rows and columns.
    places = (rows[:, :, None] * width + columns[:, None, :]).view(count, 1, -1)  # N×1×HW
    pixels = images.reshape(count, channels, -1)
    return pixels.gather(2, places.expand(-1, channels, -1)).view(images.shape)


def erase(images: Tensor, chance: float, generator: torch.Generator) -> Tensor:
    """Random erasing (Zhong et al. 2020, algorithm 1): a rectangle of 2 to 33 % of the area, its
    sides at most 1 to 3.3, becomes 0, which is the mean. One that is longer than the picture is
    cut, and not drawn again."""
    _, _, height, width = images.shape
    draws = torch.rand(5, len(images), 1, generator=generator).to(images.device, non_blocking=True)
    area = (0.02 + 0.31 * draws[0]) * height * width
    aspect = 3.3 ** (2 * draws[1] - 1)
    rows = _stretch(height, (area * aspect).sqrt(), draws[2])
    columns = _stretch(width, (area / aspect).sqrt(), draws[3])
    hole = rows[:, :, None] & columns[:, None, :] & (draws[4] < chance)[:, :, None]  # N×H×W
    return images.masked_fill(hole[:, None], 0)


def _stretch(side: int, length: Tensor, draw: Tensor) -> Tensor:
    """Which of `side` pixels are in a stretch of a random place, for each picture: bool N×side."""
    length = length.round().clamp_(1, side)  # N×1
    first = (draw * (side - length + 1)).floor()
    pixels = torch.arange(side, device=length.device)
    return (pixels >= first) & (pixels < first + length)


# --- torchvision's: imported where they are wanted, for that takes seconds ------------------------


def _operations(settings: AugmentationSettings) -> Callable[[Tensor], Tensor] | None:
    """RandAugment (Cubuk et al. 2020)."""
    if settings.randaugment == 0:
        return None
    from torchvision.transforms import v2

    operations: Callable[[Tensor], Tensor] = v2.RandAugment(
        num_ops=settings.randaugment, magnitude=settings.randaugment_magnitude
    )
    return operations


def _mixtures(
    settings: AugmentationSettings, classes: int
) -> list[Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]]:
    """Mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019), each picture with the one before it
    in the batch, in shares that are drawn for the batch."""
    if not settings.mixup and not settings.cutmix:
        return []
    from torchvision.transforms import v2

    kinds = ((v2.MixUp, settings.mixup), (v2.CutMix, settings.cutmix))
    return [kind(alpha=alpha, num_classes=classes) for kind, alpha in kinds if alpha]
