"""Pictures that lie in files: which files are pictures, and how they are read, when asked for."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from snas_cli.api import DataError, Pictures

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = {
    ".bmp",
    ".gif",
    ".jfif",
    ".jpeg",
    ".jpg",
    ".pgm",
    ".png",
    ".ppm",
    ".tif",
    ".tiff",
    ".webp",
}
BY_SYSTEMS = {
    "__MACOSX",
    "@eaDir",
}  # beside a person's own folders: archives of macOS, disk stations
# Pillow goes by what is in a file, not by its suffix, and others of its formats start programs
# (EPS: Ghostscript).
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")


class PictureFiles(Pictures):
    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = (
            paths  # texts: a million of them take a fifth of the memory of a million Paths
        )

    def __len__(self) -> int:
        return len(self._paths)

    def open(self, index: int) -> Image:
        from PIL import Image

        return Image.open(self._paths[index], formats=FORMATS)

    def describe(self, index: int) -> str:
        return shown(self._paths[index])

    def stamp(self, index: int) -> str | None:
        """Path, size in bytes and time of the last change in ns, and whether it may be read; the
        path alone of what is not there."""
        path = Path(self._paths[index]).absolute()
        try:
            status = path.stat()
        except OSError:
            return shown(path)
        closed = "" if os.access(path, os.R_OK) else " closed"
        return f"{shown(path)} {status.st_size} {status.st_mtime_ns}{closed}"


def shown(path: str | Path) -> str:
    """The path as text of one line that can be printed and written, whatever bytes are in it."""
    text = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def few(things: Sequence[str], separator: str = ", ") -> str:
    """The first three, and how many more there are."""
    more = [f"and {len(things) - 3:,} more"] if len(things) > 3 else []
    return separator.join([*things[:3], *more])


@dataclass(frozen=True)
class Contents:
    """What is in a folder and in the folders below it."""

    pictures: list[str]  # paths, in order
    others: Counter[str]  # suffixes of the files that are no pictures, "" among them

    def describe_others(self) -> str:
        """The end of a message about a folder without pictures."""
        if not self.others:
            return ""
        verb = "is" if self.others.total() == 1 else "are"
        return f"; {by_kind(self.others)} {verb} of a kind that is not read"


def by_kind(suffixes: Counter[str]) -> str:
    return few([_counted(suffix, count) for suffix, count in suffixes.most_common()])


def _counted(suffix: str, count: int) -> str:
    files = "file" if count == 1 else "files"
    return f"{count:,} {suffix} {files}" if suffix else f"{count:,} {files} without a suffix"


def contents(folder: Path) -> Contents:
    """Hidden files and folders are passed over. Links are followed, but a folder is read once,
    however many lead to it, and none that leads back up. Raises DataError."""
    pictures: list[str] = []
    others: Counter[str] = Counter()
    try:
        for entry in _files(folder):
            suffix = Path(entry.name).suffix.lower()
            # A link that leads nowhere counts: opening it will say so. A pipe would never end.
            if suffix in SUFFIXES and (_is_file(entry) or not Path(entry.path).exists()):
                pictures.append(entry.path)
            else:
                others[suffix] += 1
    except OSError as error:
        raise DataError(f"{shown(error.filename or folder)}: {error.strerror}") from None
    return Contents(sorted(pictures, key=lambda path: path.replace(os.sep, "\0")), others)


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    above = {*folder.absolute().parents, *folder.resolve().parents}
    read = {_identity(parent) for parent in above}
    waiting = [str(folder)]
    while waiting:
        here = waiting.pop()
        if _identity(Path(here)) in read:
            continue
        read.add(_identity(Path(here)))
        with os.scandir(here) as entries:
            seen = [(entry, _is_folder(entry)) for entry in entries if visible(entry.name)]
        waiting += sorted((entry.path for entry, folder in seen if folder), reverse=True)
        yield from (entry for entry, folder in seen if not folder)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """An entry follows links by itself, but raises OSError for one that leads to itself."""
    return Path(entry.path).is_dir() if entry.is_symlink() else entry.is_dir()


def _is_file(entry: os.DirEntry[str]) -> bool:
    return Path(entry.path).is_file() if entry.is_symlink() else entry.is_file()


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def visible(name: str) -> bool:
    return not name.startswith(".") and name not in BY_SYSTEMS


def missing(paths: Sequence[str]) -> list[int]:
    """Places of those that are no files, nor can be: pathlib raises for a name that is too long."""
    return [i for i, path in enumerate(paths) if not os.path.isfile(path)]  # noqa: PTH113
