"""Pictures are decoded once, into a file that every later search and every worker maps.

A file is named after what went into it: the stamps of the pictures (path, size, time) or the bytes
of arrays, and the size asked for. It is written beside its place and moved there whole; a second
file, written last, says what form the pictures have and which could not be read.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from snas_cli.api import Pictures, Split
from snas_cli.data.decoding import Form, Unreadable, fitted_array, read_picture, unremarked
from snas_cli.errors import DataError

KEPT = re.compile(r"[0-9a-f]{32}\.(npy|json)")
VERSION = 2  # of the way pictures are decoded: another gives other pixels


@dataclass(frozen=True)
class Decoding:
    """All pictures of a data set, one part after the other."""

    images: np.ndarray  # uint8, N×C×H×W; mapped from a file where there is one
    bad: Mapping[int, Unreadable]  # by number; their pixels are 0


def content_key(parts: Sequence[Split], image_size: int | None) -> str | None:
    """Text that changes whenever any picture does; None where a picture makes no such promise."""
    digest = hashlib.blake2b(f"{VERSION}/{image_size}".encode(), digest_size=16)
    for part in parts:
        images = part.images
        if isinstance(images, np.ndarray):
            digest.update(f"{images.shape}".encode())
            digest.update(np.ascontiguousarray(images).tobytes())
            continue
        for i in range(len(images)):
            stamp = images.stamp(i)
            if stamp is None:
                return None
            digest.update(f"{stamp}\n".encode())
    return digest.hexdigest()


def decode_all(parts: Sequence[Split], form: Form, out: np.ndarray) -> dict[int, Unreadable]:
    """Fills `out`, uint8 N×C×H×W, and returns those that cannot be read. PIL works outside of
    Python's lock, so threads share the work."""
    bad: dict[int, Unreadable] = {}
    first = 0
    with unremarked(), ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in parts:
            images, count = part.images, len(part.images)
            if isinstance(images, np.ndarray):
                out[first : first + count] = fitted_array(images, form)
            else:
                read = _reader(images, form)
                for row, picture in enumerate(pool.map(read, range(count)), first):
                    if isinstance(picture, Unreadable):
                        bad[row] = picture
                    else:
                        out[row] = picture
            first += count
    return bad


def _reader(pictures: Pictures, form: Form) -> Callable[[int], np.ndarray | Unreadable]:
    return lambda index: read_picture(pictures, index, form)


@dataclass(frozen=True)
class Cache:
    """The folder that holds decoded pictures."""

    folder: Path

    def find(self, key: str) -> tuple[Form, Decoding] | None:
        """None where there is no such file, or a damaged one, which is to be made again."""
        try:
            about = json.loads(self._about(key).read_text(encoding="utf-8"))
            form = Form(*about["form"])
            bad = {int(row): Unreadable(*why) for row, why in about["bad"].items()}
            # Mapped "c", copy on write: torch wants writable memory, and nobody writes.
            images = np.load(self._images(key), mmap_mode="c")
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            return None
        fits = images.dtype == np.uint8 and images.shape[1:] == form.shape
        return (form, Decoding(images, bad)) if fits else None

    def fill(self, key: str, parts: Sequence[Split], form: Form) -> Decoding:
        """Decodes all parts into the file. Raises DataError where it cannot be written."""
        count = sum(len(part.images) for part in parts)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._remove_leftovers()
            with self._partial(key) as partial:
                bad = decode_all(parts, form, _new_array(partial, (count, *form.shape)))
                partial.replace(self._images(key))
            about = {"form": [form.channels, form.size],
                     "bad": {row: [why.name, why.reason] for row, why in bad.items()}}  # fmt: skip
            with self._partial(key) as partial:
                partial.write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
                partial.replace(self._about(key))
        except OSError as error:
            raise DataError(
                f"cannot keep decoded pictures in {self.folder}: {error.strerror or error}; free "
                f"some space, or name another folder with data.cache_dir or SNAS_CACHE"
            ) from None
        found = self.find(key)
        assert found is not None  # it was written a moment ago
        return found[1]

    def clear(self) -> tuple[int, int]:
        """Deletes all that is kept; how many sets there were, and bytes. Processes that have mapped
        a file keep its pictures. Raises DataError."""
        sets = size = 0
        try:
            for path in sorted(self.folder.glob("*")):
                if KEPT.fullmatch(path.name):
                    sets += path.suffix == ".npy"
                    size += path.stat().st_size
                    path.unlink()
        except OSError as error:
            raise DataError(f"cannot delete {error.filename}: {error.strerror}") from None
        return sets, size

    def _images(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    def _about(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    @contextmanager
    def _partial(self, key: str) -> Iterator[Path]:
        """A file of this process alone, which is gone at the end."""
        path = self.folder / f"{key}.{socket.gethostname()}.{os.getpid()}.partial"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _remove_leftovers(self) -> None:
        """Those of processes of this machine that were killed."""
        for path in self.folder.glob(f"*.{socket.gethostname()}.*.partial"):
            pid = int(path.name.split(".")[-2])
            if not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
                path.unlink(missing_ok=True)


def _new_array(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """A file of zeros, mapped. Its space is taken at once: a disk that is full later would end the
    process by a signal. Raises OSError."""
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array
