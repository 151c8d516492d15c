"""From whatever a data set hands over to uint8 tensors of one size."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from snas_cli.api import LabelledImages, Pictures, Split
from snas_cli.errors import DataError

SIZES = (16, 24, 32, 48, 64)  # suggested for pictures of different sizes; larger only on request
GREY_MODES = {"1", "L", "LA", "I", "I;16", "F"}


@dataclass(frozen=True)
class ImageSet:
    """Pictures and labels, decoded."""

    images: Tensor  # uint8, N×C×H×W
    labels: Tensor  # int64, N

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Tensor) -> ImageSet:
        return ImageSet(self.images[index], self.labels[index])


@dataclass(frozen=True)
class Form:
    """What every picture is brought to."""

    channels: int
    size: int


def form_of(data: LabelledImages, image_size: int | None) -> Form:
    """One channel if all pictures are grey; the size asked for, the one that all have, or the
    suggestion nearest to the median."""
    splits = [split for split in (data.train, data.val, data.test) if split is not None]
    seen = Counter(shape for split in splits for shape in _shapes(split))
    channels = max(channels for channels, _, _ in seen)
    if image_size is not None:
        return Form(channels, image_size)
    sides = {side for _, *sides in seen for side in sides}
    if len(sides) == 1 and max(sides) <= SIZES[-1]:
        return Form(channels, max(sides.pop(), 8))
    typical = median(side for _, *sides in seen.elements() for side in sides)
    return Form(channels, min(SIZES, key=lambda size: abs(size - typical)))


def _shapes(split: Split) -> list[tuple[int, int, int]]:
    """Channels, height and width of each picture; for an array, once for all."""
    images = split.images
    if isinstance(images, np.ndarray):
        channels = images.shape[3] if images.ndim == 4 else 1
        return [(channels, images.shape[1], images.shape[2])]
    return [_shape(images, i) for i in range(len(images))]


def _shape(pictures: Pictures, index: int) -> tuple[int, int, int]:
    with _opened(pictures, index) as picture:
        return (1 if picture.mode in GREY_MODES else 3, picture.height, picture.width)


def decode(split: Split, form: Form) -> ImageSet:
    """Raises DataError naming the first picture that cannot be read."""
    images = split.images
    if isinstance(images, np.ndarray):
        pixels = images if images.ndim == 4 else images[..., None]
        if pixels.shape[1:] != (form.size, form.size, form.channels):
            pictures = [Image.fromarray(image) for image in images]
            pixels = np.stack([_pixels(picture, form) for picture in pictures])
    else:
        pixels = np.stack([_read(images, i, form) for i in range(len(images))])
    tensor = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
    return ImageSet(tensor, torch.as_tensor(np.asarray(split.labels), dtype=torch.int64))


def _read(pictures: Pictures, index: int, form: Form) -> np.ndarray:
    with _opened(pictures, index) as picture:
        try:
            return _pixels(picture, form)
        except (OSError, ValueError, SyntaxError) as error:
            raise DataError(f"{pictures.describe(index)}: damaged picture: {error}") from None


def _opened(pictures: Pictures, index: int) -> Image.Image:
    try:
        return pictures.open(index)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        what = "not a picture" if isinstance(error, UnidentifiedImageError) else str(error)
        raise DataError(
            f"{pictures.describe(index)}: {what}; mend it, or take it out of the folder"
        ) from None


def _pixels(picture: Image.Image, form: Form) -> np.ndarray:
    """uint8, size×size×channels: turned upright, in grey or RGB, resized."""
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith(("I", "F")):
        upright = _to_eight_bits(upright)
    colours = upright.convert("L" if form.channels == 1 else "RGB")
    if colours.size != (form.size, form.size):
        colours = colours.resize((form.size, form.size), Image.Resampling.BILINEAR, reducing_gap=3)
    return np.asarray(colours, dtype=np.uint8).reshape(form.size, form.size, form.channels)


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """16-bit grey to 8: `convert` would clip everything above 255."""
    values = np.asarray(picture, dtype=np.float64)
    return Image.fromarray((values * (255 / 65535)).clip(0, 255).astype(np.uint8))
