"""Data sets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image


class Pictures(ABC):
    """Pictures that are read when they are asked for."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def open(self, index: int) -> Image:
        """A picture of any size and mode; its pixels need not be read yet."""

    @abstractmethod
    def describe(self, index: int) -> str:
        """What an error message calls this picture: its path, say."""

    def stamp(self, index: int) -> str | None:
        """Text that changes whenever the picture does: path, size and time of its file, say.
        Pictures that have one are decoded once and kept; None stands for no promise."""
        return None


@dataclass(frozen=True)
class Split:
    """Images and their labels: an array of uint8, N×H×W or N×H×W×3, or `Pictures`."""

    images: np.ndarray | Pictures
    labels: Sequence[int]
    groups: Sequence[str] | None = None  # of a split that others are cut from: pictures of one
    # group (frames of a film, pictures of a patient) stay together


@dataclass(frozen=True)
class LabelledImages:
    """A data set. A split that is None is cut from `train`: stratified, seeded, by groups if it has
    any."""

    classes: tuple[str, ...]
    train: Split
    val: Split | None = None
    test: Split | None = None
    remarks: Sequence[str] = ()  # what a person should know: which files are passed over, say


@dataclass(frozen=True)
class DataRequest:
    """Where to look for the data."""

    path: Path | None  # the user's own folder or file, for data sets that need one
    data_dir: Path  # where downloads are kept
    image_column: str = "image"  # of a table: paths, relative to it or absolute
    label_column: str = "label"
    split_column: str | None = None  # of train, val and test; None: `split`, if there is one
    group_column: str | None = None  # of what belongs together; None: `group`, if there is one
    skip_bad: bool = False  # are pictures that are missing to be passed on, and left out later?


class Dataset(ABC):
    """A data set by name."""

    name: ClassVar[str]
    summary: ClassVar[str]  # a line for `snas datasets`
    needs_path: ClassVar[bool] = False
    # May a picture be flipped left to right and keep its label? None: that is to be found out.
    mirrored: ClassVar[bool | None] = None

    @abstractmethod
    def load(self, request: DataRequest) -> LabelledImages:
        """Raises DataError naming the file or folder that is wrong and what to do."""
