"""IDX files, in which MNIST and the sets like it come: read as they are, compressed or not, so that
a folder that cannot be written to is good enough."""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from pathlib import Path

import numpy as np

from snas_cli.api import DataError

TYPES = {"ubyte": (0x08, "u1"), "int": (0x0C, ">i4")}


def idx_file(folder: Path, stem: str) -> Path | None:
    """The compressed file, which shows damage by itself, or else the one that was unpacked."""
    several = (folder / f"{stem}.gz", folder / stem)
    return next((path for path in several if path.is_file()), None)


def read_idx(path: Path) -> np.ndarray:
    """An array of the form that the file's name says, such as idx3-ubyte: two zeros, a byte each
    for type and number of dimensions, the dimensions (four bytes each), the values, all big-endian
    (http://yann.lecun.com/exdb/mnist). Raises DataError."""
    rank, word = re.findall(r"idx([1-3])-(ubyte|int)", path.name)[-1]
    code, dtype = TYPES[word]
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        shape = struct.unpack_from(f">{rank}I", data, 4)
        values = np.frombuffer(data, dtype, offset=4 + 4 * len(shape)).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error, struct.error) as error:
        raise DataError(
            f"{path} is damaged ({error}); delete it, and it is downloaded again"
        ) from None
    if data[:4] != bytes((0, 0, code, int(rank))):
        raise DataError(f"{path} is no IDX file of that kind: it begins with {data[:4].hex(' ')}")
    return values
