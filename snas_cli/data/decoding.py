"""From whatever a data set hands over to uint8 arrays of one size."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from statistics import median

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from snas_cli.api import LabelledImages, Pictures, Split
from snas_cli.errors import DataError

SIZES = (16, 24, 32, 48, 64)  # suggested for pictures of different sizes; larger only on request
GREY_MODES = {"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"}
FAULTS = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)  # Pillow's, of a file


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
    with unremarked():
        seen = Counter(shape for split in splits_of(data).values() for shape in _shapes(split))
    if not seen:
        raise DataError(f"not one of the pictures can be read: {_first_fault(data)}")
    channels = max(channels for channels, _, _ in seen)
    if image_size is not None:
        return Form(channels, image_size)
    sides = {side for _, *sides in seen for side in sides}
    if len(sides) == 1 and max(sides) <= SIZES[-1]:
        return Form(channels, max(sides.pop(), 8))
    typical = median(side for _, *sides in seen.elements() for side in sides)
    return Form(channels, min(SIZES, key=lambda size: abs(size - typical)))


def _first_fault(data: LabelledImages) -> str:
    """Of pictures none of which can be read."""
    for split in splits_of(data).values():
        if not isinstance(split.images, np.ndarray) and len(split.images):
            fault = picture_shape(split.images, 0)
            if isinstance(fault, Unreadable):
                return f"{fault.name}, say: {fault.reason}"
    return "there are none"


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
        except UnknownRangeError as error:
            return Unreadable(pictures.describe(index), str(error))
        except FAULTS as error:
            return Unreadable(pictures.describe(index), f"damaged picture: {error}")


def _opened(pictures: Pictures, index: int) -> Image.Image | Unreadable:
    try:
        picture = pictures.open(index)
    except FAULTS as error:
        return Unreadable(pictures.describe(index), _why_not_opened(error))
    if picture.width * picture.height > (Image.MAX_IMAGE_PIXELS or inf):
        picture.close()
        return Unreadable(pictures.describe(index), _too_large())
    return picture


def _why_not_opened(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not a picture"
    if isinstance(error, Image.DecompressionBombError):
        return _too_large()
    words = error.strerror if isinstance(error, OSError) else None  # without the path
    return words or f"damaged picture: {error}"


def _too_large() -> str:
    limit = (Image.MAX_IMAGE_PIXELS or 0) / 1e6
    return f"has more than {limit:,.0f} megapixels: a decompression bomb, or to be made smaller"


@contextmanager
def unremarked() -> Iterator[None]:
    """Without Pillow's warnings, which name no file: what it can read is read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def pixels(picture: Image.Image, form: Form) -> np.ndarray:
    """uint8, channels×size×size: turned upright, on white where it is transparent, in grey or RGB,
    resized. Raises UnknownRangeError."""
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith(("I", "F")):
        upright = _to_eight_bits(upright)
    if upright.has_transparency_data:
        paper = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(paper, upright.convert("RGBA"))
    colours = upright.convert("L" if form.channels == 1 else "RGB")
    if colours.size != (form.size, form.size):
        colours = colours.resize((form.size, form.size), Image.Resampling.BILINEAR, reducing_gap=3)
    image = np.asarray(colours, dtype=np.uint8).reshape(form.size, form.size, form.channels)
    return image.transpose(2, 0, 1)


class UnknownRangeError(ValueError):
    """Of pixels that might mean any brightness."""


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    """16-bit grey to 8: `convert` would clip everything above 255. Raises UnknownRangeError."""
    values = np.asarray(picture)
    if values.dtype.kind == "f" or values.min() < 0 or values.max() > 65535:
        kind = "fractions" if values.dtype.kind == "f" else "numbers of 32 bits"
        raise UnknownRangeError(f"its pixels are {kind}; save it with 8 or 16 bits")
    return Image.fromarray((values * (255 / 65535)).astype(np.uint8))


def fitted_array(images: np.ndarray, form: Form) -> np.ndarray:
    """uint8 N×H×W or N×H×W×3 to N×channels×size×size."""
    whole = images if images.ndim == 4 else images[..., None]
    if whole.shape[1:] == (form.size, form.size, form.channels):
        return whole.transpose(0, 3, 1, 2)
    return np.stack([pixels(Image.fromarray(image), form) for image in images])
