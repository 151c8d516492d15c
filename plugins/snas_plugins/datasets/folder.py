"""Your own pictures: a folder for each class, with or without train, val and test above them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from snas_cli.api import DataError, DataRequest, Dataset, LabelledImages, Pictures, Split, hookimpl

if TYPE_CHECKING:
    from PIL.Image import Image

SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}


class ClassFolders(Dataset):
    name = "folder"
    summary = "your own: class/*.jpg, or train/class/*.jpg with test/ and val/ beside it"
    needs_path = True

    def load(self, request: DataRequest) -> LabelledImages:
        if request.path is None:
            raise DataError("the data set 'folder' needs the path to your pictures")
        folders = _folders(request.path)
        splits = {SPLITS[f.name.lower()]: f for f in folders if f.name.lower() in SPLITS}
        if "train" not in splits:
            return LabelledImages(*_read(request.path, _names(folders)))
        _check_only_splits(request.path, folders)
        classes = _names(_folders(splits["train"]))
        parts = {name: _read(folder, classes)[1] for name, folder in splits.items()}
        return LabelledImages(classes, **parts)


class PictureFiles(Pictures):
    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    def open(self, index: int) -> Image:
        from PIL import Image

        return Image.open(self._paths[index])

    def describe(self, index: int) -> str:
        return str(self._paths[index])


def _folders(path: Path) -> list[Path]:
    """The visible folders in `path`. Raises DataError where there are none."""
    try:
        found = sorted(entry for entry in path.iterdir() if entry.is_dir() and _visible(entry))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    if not found:
        raise DataError(
            f"{path} holds no class folders; put the pictures of each class into a folder of "
            "its own: photos/cat/1.jpg, photos/dog/1.jpg"
        )
    return found


def _check_only_splits(path: Path, folders: Iterable[Path]) -> None:
    others = [folder.name for folder in folders if folder.name.lower() not in SPLITS]
    if others:
        raise DataError(
            f"{path} holds train beside {', '.join(others)}: is it split into train, val and "
            "test, or is train a class? Move what does not belong there"
        )


def _read(path: Path, classes: tuple[str, ...]) -> tuple[tuple[str, ...], Split]:
    """Every picture below the class folders of `path`. Raises DataError for a class that the
    training pictures lack."""
    strangers = set(_names(_folders(path))) - set(classes)
    if strangers:
        raise DataError(f"{path} has classes without training pictures: {', '.join(strangers)}")
    files = [(file, label) for label, name in enumerate(classes) for file in _files(path / name)]
    if not files:
        raise DataError(f"{path} holds no pictures ({', '.join(sorted(SUFFIXES))})")
    return classes, Split(PictureFiles([f for f, _ in files]), [label for _, label in files])


def _files(folder: Path) -> list[Path]:
    return sorted(
        file for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES and _visible(file) and file.is_file()
    )  # fmt: skip


def _names(folders: Iterable[Path]) -> tuple[str, ...]:
    return tuple(folder.name for folder in folders)


def _visible(path: Path) -> bool:
    return not path.name.startswith(".")


@hookimpl
def snas_register_datasets() -> list[Dataset]:
    return [ClassFolders()]
