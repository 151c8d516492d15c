"""Pictures that are uploaded: a zip of class folders, or of a table with its pictures."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from zipfile import ZipFile, ZipInfo

from snas_cli.errors import DataError

PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
TABLES = {".csv", ".tsv"}
CHUNK = 1 << 20
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, UnicodeDecodeError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """What an upload may be at most."""

    files: int = 200_000
    nbytes: int = 4_000_000_000  # unpacked
    file_nbytes: int = 100_000_000
    ratio: int = 100  # unpacked to packed, of all files together; pictures hardly shrink


@dataclass(frozen=True)
class Intake:
    """What came of an upload."""

    target: Path  # that a search can be started on: a folder, or a table
    pictures: int
    passed_over: int  # files that are neither pictures nor tables


def unpack(file: IO[bytes], folder: Path, limits: Limits | None = None) -> Intake:
    """Writes the pictures and tables of a zip into `folder`, which must not exist. Nothing is
    written outside it, and nothing is left of what is refused. Raises DataError."""
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise DataError(f"cannot make {folder}: {error.strerror}") from None
    intake = None
    try:
        with ZipFile(file) as archive:
            intake = _unpacked(archive, folder, limits or Limits())
    except UNREADABLE as error:
        raise DataError(f"this is not a zip that can be read: {error}") from None
    except OSError as error:
        raise DataError(f"cannot unpack it: {error.strerror or error}") from None
    finally:
        if intake is None:
            shutil.rmtree(folder)
    return intake


def _unpacked(archive: ZipFile, folder: Path, limits: Limits) -> Intake:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    _check_size(entries, limits)
    wanted = [(entry, path) for entry in entries if (path := _place(entry)) is not None]
    _check_clashes([path for _, path in wanted])
    left = limits.nbytes
    for entry, path in wanted:
        left -= _extract(archive, entry, folder / path, min(left, limits.file_nbytes))
    pictures = sum(path.suffix.lower() in PICTURES for _, path in wanted)
    if not pictures:
        kinds = ", ".join(sorted(PICTURES))
        raise DataError(f"there are no pictures in it ({kinds})")
    return Intake(target_in(folder), pictures, len(entries) - len(wanted))


def _check_size(entries: list[ZipInfo], limits: Limits) -> None:
    """By what the archive says of itself; what it holds is counted again as it is unpacked."""
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > limits.files:
        raise DataError(f"it holds {len(entries):,} files; {limits.files:,} are the most")
    if unpacked > limits.nbytes:
        raise DataError(
            f"it would take {unpacked / 1e9:,.1f} GB; {limits.nbytes / 1e9:g} GB are the most. Put "
            "such a set on this computer yourself, and name its folder"
        )
    if unpacked > CHUNK and unpacked > limits.ratio * packed:
        raise DataError(
            f"it would grow to {unpacked / max(packed, 1):,.0f} times its size, as pictures never "
            "do; it was not opened"
        )


def _place(entry: ZipInfo) -> PurePosixPath | None:
    """Where it goes; None for what is no picture and no table, and for hidden files. Raises
    DataError for what would leave the folder, for links and for what is encrypted."""
    path, shown = PurePosixPath(entry.filename), _shown(entry.filename)
    outside = path.is_absolute() or ".." in path.parts or "\\" in entry.filename
    if outside or re.match(r"[A-Za-z]:", entry.filename) or not entry.filename.isprintable():
        raise DataError(f"{shown} would not stay in its folder; nothing was unpacked")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise DataError(f"{shown} is a link or a device; an upload holds plain files only")
    if entry.flag_bits & 0x1:
        raise DataError(f"{shown} is encrypted; make a zip without a password")
    if any(part.startswith((".", "__MACOSX")) for part in path.parts):
        return None
    return path if path.suffix.lower() in PICTURES | TABLES else None


def _shown(name: str) -> str:
    return name.encode("unicode_escape").decode() if not name.isprintable() else name


def _check_clashes(paths: list[PurePosixPath]) -> None:
    seen: set[str] = set()
    for path in paths:
        if str(path) in seen:
            raise DataError(f"{path} is in it twice")
        seen.add(str(path))
    folders = {str(parent) for path in paths for parent in path.parents}
    for name in seen & folders:
        raise DataError(f"{name} is a file and a folder at the same time")


def _extract(archive: ZipFile, entry: ZipInfo, path: Path, most: int) -> int:
    """How many bytes it had, whatever the archive says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(entry) as source, path.open("xb") as sink:
        while chunk := source.read(CHUNK):
            written += len(chunk)
            if written > most:
                raise DataError(f"{entry.filename} is larger than {most / 1e6:,.0f} MB")
            sink.write(chunk)
    return written


def target_in(folder: Path) -> Path:
    """What a search can be started on: the only table; else the innermost folder that holds all
    class folders. Raises DataError where there are several tables."""
    tables = sorted(path for path in folder.rglob("*") if path.suffix.lower() in TABLES)
    if len(tables) > 1:
        names = ", ".join(str(path.relative_to(folder)) for path in tables[:3])
        raise DataError(f"it holds {len(tables)} tables ({names}); which one is meant?")
    if tables:
        return tables[0]
    here = folder
    while (inner := _only_folder(here)) is not None and any(_folders(inner)):
        here = inner
    return here


def _only_folder(folder: Path) -> Path | None:
    entries = list(folder.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else None


def _folders(folder: Path) -> Iterator[Path]:
    return (entry for entry in folder.iterdir() if entry.is_dir())
