"""Files that are either as they were or wholly new, whatever happens while they are written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NoReturn

from snas_cli.errors import RunError

MAX_JSON_BYTES = 64_000_000  # of a document that is read whole


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Has `write` fill a file beside `path` and puts it in its place once it is on the disk.

    Raises RunError where the disk is full or the folder cannot be written to."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        write(partial)
        sync(partial)
        partial.replace(path)
        sync(path.parent)
    except OSError as error:
        with suppress(OSError):  # of a disk that cannot be written to
            partial.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> RunError:
    """What to tell of a disk that is full, a folder that is read-only, and the like."""
    return RunError(f"cannot write {path}: {error.strerror or error}")


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> Any:
    """Raises RunError naming the file."""
    try:
        size = path.stat().st_size
        if size > MAX_JSON_BYTES:
            raise RunError(f"{path}: {size:,} bytes are too many; it was not opened")
        return parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is not valid JSON: {error}") from None


def parse_json(text: str) -> Any:
    """Raises ValueError, also for halves of characters, which can be neither written nor shown, and
    RecursionError."""
    document = json.loads(text, parse_constant=_no_number)
    if "\\ud" in text.lower():
        json.dumps(document, ensure_ascii=False).encode()
    return document


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def replace_folder(folder: Path, fill: Callable[[Path], object]) -> None:
    """Has `fill` make a new folder and exchanges it for `folder`. Raises RunError."""
    new, old = (folder.with_name(f".{folder.name}.{word}") for word in ("new", "old"))
    try:
        for leftover in (new, old):
            if leftover.exists():
                shutil.rmtree(leftover)
        new.mkdir()
        with ExitStack() as undo:
            undo.callback(shutil.rmtree, new, ignore_errors=True)  # a full disk needs the room
            fill(new)
            undo.pop_all()
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        sync(folder.parent)
        if old.exists():
            shutil.rmtree(old)
    except OSError as error:
        raise cannot_write(folder, error) from error


def sync(path: Path) -> None:
    """Returns once the file, or the folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
