"""From whatever a data set hands over to uint8 arrays of one size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from snas_cli.api import LabelledImages, Pictures, Split
from snas_cli.errors import DataError

SIZES = (16, 24, 32, 48, 64)  # suggested for pictures of different sizes; larger only on request
GREY_MODES = {"1", "L", "LA", "I", "I;16", "F"}


@dataclass(frozen=True)
class Form:
    """What every picture is brought to."""

    channels: int
    size: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.size, self.size

    @property
    def nbytes(self) -> int:
        return self.channels * self.size * self.size


def splits_of(data: LabelledImages) -> dict[str, Split]:
    """Those that the data set has."""
    named = {"train": data.train, "val": data.val, "test": data.test}
    return {name: split for name, split in named.items() if split is not None}


def form_of(data: LabelledImages, image_size: int | None) -> Form:
    """One channel if all pictures are grey; the size asked for, the one that all have, or the
    suggestion nearest to the median. A picture that cannot be read has no say."""
    seen = Counter(shape for split in splits_of(data).values() for shape in _shapes(split))
    if not seen:
        raise DataError("not one of the pictures can be read; `snas datasets check` names them")
    channels = max(channels for channels, _, _ in seen)
    if image_size is not None:
        return Form(channels, image_size)
    sides = {side for _, *sides in seen for side in sides}
    if len(sides) == 1 and max(sides) <= SIZES[-1]:
        return Form(channels, max(sides.pop(), 8))
    typical = median(side for _, *sides in seen.elements() for side in sides)
    return Form(channels, min(SIZES, key=lambda size: abs(size - typical)))


def _shapes(split: Split) -> Iterable[tuple[int, int, int]]:
    """Channels, height and width of each picture; for an array, once for all."""
    images = split.images
    if isinstance(images, np.ndarray):
        channels = images.shape[3] if images.ndim == 4 else 1
        return [(channels, images.shape[1], images.shape[2])]
    shapes = (picture_shape(images, i) for i in range(len(images)))
    return [shape for shape in shapes if not isinstance(shape, Unreadable)]


@dataclass(frozen=True)
class Unreadable:
    """A picture that cannot be used, and why."""

    name: str
    reason: str


def picture_shape(pictures: Pictures, index: int) -> tuple[int, int, int] | Unreadable:
    """Channels, height and width, by the file's header alone."""
    opened = _opened(pictures, index)
    if isinstance(opened, Unreadable):
        return opened
    with opened as picture:
        return (1 if picture.mode in GREY_MODES else 3, picture.height, picture.width)


def read_picture(pictures: Pictures, index: int, form: Form) -> np.ndarray | Unreadable:
    """uint8, channels×size×size."""
    opened = _opened(pictures, index)
    if isinstance(opened, Unreadable):
        return opened
    with opened as picture:
        try:
            return pixels(picture, form)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            return Unreadable(pictures.describe(index), f"damaged picture: {error}")


def _opened(pictures: Pictures, index: int) -> Image.Image | Unreadable:
    try:
        return pictures.open(index)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "not a picture" if isinstance(error, UnidentifiedImageError) else str(error)
        return Unreadable(pictures.describe(index), reason)


def pixels(picture: Image.Image, form: Form) -> np.ndarray:
    """uint8, channels×size×size: turned upright, in grey or RGB, resized."""
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith(("I", "F")):
        upright = _to_eight_bits(upright)
    colours = upright.convert("L" if form.channels == 1 else "RGB")
    if colours.size != (form.size, form.size):
        colours = colours.resize((form.size, form.size), Image.Resampling.BILINEAR, reducing_gap=3)
    image = np.asarray(colours, dtype=np.uint8).reshape(form.size, form.size, form.channels)
    return image.transpose(2, 0, 1)


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """16-bit grey to 8: `convert` would clip everything above 255."""
    values = np.asarray(picture, dtype=np.float64)
    return Image.fromarray((values * (255 / 65535)).clip(0, 255).astype(np.uint8))


def fitted_array(images: np.ndarray, form: Form) -> np.ndarray:
    """uint8 N×H×W or N×H×W×3 to N×channels×size×size."""
    whole = images if images.ndim == 4 else images[..., None]
    if whole.shape[1:] == (form.size, form.size, form.channels):
        return whole.transpose(0, 3, 1, 2)
    return np.stack([pixels(Image.fromarray(image), form) for image in images])
