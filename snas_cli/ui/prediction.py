"""What a run's network takes a picture for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from snas_cli.errors import DataError
from snas_cli.experiment.bundle import Bundle, find_architecture, load_network, read_bundle

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from torch import nn

    from snas_cli.registry import Registry

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # others of Pillow's start programs
TOP = 5


@dataclass(frozen=True)
class Classifier:
    bundle: Bundle
    network: nn.Module

    def classify(self, file: IO[bytes]) -> list[tuple[str, float]]:
        """The likeliest classes with their probabilities. Raises DataError for what is no
        picture."""
        import torch

        from snas_cli.data.decoding import Form, UnknownRangeError, pixels

        card = self.bundle.card
        channels, size, _ = card.input_shape
        try:
            decoded = pixels(_opened(file), Form(channels, size))  # uint8 C×H×W
        except UnknownRangeError as error:
            raise DataError(f"this picture cannot be read: {error}") from None
        mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (card.mean, card.std))
        image = (torch.from_numpy(decoded.copy()).float() / 255 - mean) / std
        with torch.no_grad():
            shares = self.network(image[None]).softmax(1)[0].tolist()
        ranked = sorted(zip(card.classes, shares, strict=True), key=lambda pair: -pair[1])
        return ranked[:TOP]


def classifier_of(run: Path, registry: Registry) -> Classifier:
    """Raises RunError where the run has no network yet."""
    bundle = read_bundle(find_architecture(run), registry)
    return Classifier(bundle, load_network(bundle, registry))


def _opened(file: IO[bytes]) -> Picture:
    from PIL import Image, UnidentifiedImageError

    try:
        picture = Image.open(file, formats=FORMATS)
        picture.load()
    except UnidentifiedImageError:  # whose words are of our own objects
        raise DataError("this is not a picture of a kind that is known") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"this is not a picture that can be read: {error}") from None
    return picture
