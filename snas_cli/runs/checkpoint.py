"""Checkpoints: `ckpt.pkl`, the whole run so far in one file that cannot run code.

The file is what `torch.save` writes of plain data, and is only ever read with `weights_only=True`.
Its last bytes, the comment of the archive, are a checksum over all others.
"""

from __future__ import annotations

import hashlib
import pickletools
import re
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from snas_cli.errors import CheckpointError
from snas_cli.runs.files import write_whole

FORMAT = 2
UNSTAMPED = 1  # the first format, which had no checksum of its own
LATEST = "ckpt.pkl"
MAX_BYTES = 1_000_000_000  # ten thousand trials take about a hundredth of it
STAMP = re.compile(rb"blake2b:([0-9a-f]{64})")
STAMP_BYTES = len("blake2b:") + 64
# What calls something, or asks for something outside the file: plain data has none of it.
CALLS = {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD",
         "EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "NEXT_BUFFER"}  # fmt: skip


@dataclass(frozen=True)
class Checkpoint:
    """A run at the end of a generation."""

    generation: int
    seed: int
    data_digest: str
    trials: list[dict[str, Any]]  # as in the journal


def save_checkpoint(folder: Path, checkpoint: Checkpoint, keep: int) -> None:
    """Writes ckpt.pkl and ckpt-gen0007.pkl, and deletes all but the last `keep` of the latter."""
    import torch

    buffer = BytesIO()
    torch.save({"format": FORMAT, **vars(checkpoint)}, buffer)
    content = _stamped(buffer.getvalue())
    numbered = folder / f"ckpt-gen{checkpoint.generation:04}.pkl"
    for path in (numbered, folder / LATEST):
        write_whole(path, lambda partial: partial.write_bytes(content))
    for old in numbered_checkpoints(folder)[:-keep]:
        old.unlink()


def numbered_checkpoints(folder: Path) -> list[Path]:
    """Oldest first, by the number and not by the letters of the name."""
    found = [(re.fullmatch(r"ckpt-gen(\d+)\.pkl", path.name), path) for path in folder.iterdir()]
    return [path for _, path in sorted((int(match[1]), path) for match, path in found if match)]


def sound_checkpoint(path: Path) -> tuple[Checkpoint, str | None]:
    """The checkpoint at `path`, or where that is damaged the newest sound one beside it, with a
    remark on what was wrong. Raises CheckpointError where there is no sound one."""
    try:
        return load_checkpoint(path), None
    except CheckpointError as error:
        if not path.exists():
            raise
        fault = error
    for older in reversed(numbered_checkpoints(path.parent)):
        try:
            return load_checkpoint(older), f"{fault}; {older} is used in its place"
        except CheckpointError:
            continue
    raise fault


def load_checkpoint(path: Path) -> Checkpoint:
    """Raises CheckpointError for anything but a sound checkpoint. Runs no code from it."""
    import torch

    try:
        if path.stat().st_size > MAX_BYTES:
            raise CheckpointError(f"{path} has more than {MAX_BYTES:,} bytes; it was not opened")
        whole = path.read_bytes()
        stamped = _check_stamp(whole)
        _check_archive(whole)
        content = torch.load(BytesIO(whole), map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except UnpicklingError:
        raise CheckpointError(f"{path} holds more than plain data; it was not opened") from None
    except (
        OSError, EOFError, LookupError, RuntimeError, ValueError, TypeError, AttributeError,
        MemoryError, AssertionError, zipfile.BadZipFile,
    ) as error:  # fmt: skip
        raise CheckpointError(f"{path} is damaged or not a checkpoint: {error}") from None
    return _checked(content, path, stamped=stamped)


def _stamped(content: bytes) -> bytes:
    """The archive with a checksum of itself as its comment, whose length its last bytes tell."""
    body = content[:-2] + STAMP_BYTES.to_bytes(2, "little")
    return body + b"blake2b:" + _digest(body)


def _check_stamp(whole: bytes) -> bool:
    """Was there one? Raises BadZipFile where the content is not what was stamped."""
    match = STAMP.fullmatch(whole[-STAMP_BYTES:])
    if match and match[1] != _digest(whole[:-STAMP_BYTES]):
        raise zipfile.BadZipFile("it fails its checksum")
    return match is not None


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=32).hexdigest().encode()


def _check_archive(whole: bytes) -> None:
    """Everything in it is no larger than the file, sound, and plain data."""
    with zipfile.ZipFile(BytesIO(whole)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > len(whole):
            raise zipfile.BadZipFile("it would be larger when unpacked")
        if damaged := archive.testzip():  # torch.load would not notice
            raise zipfile.BadZipFile(f"{damaged} fails its checksum")
        for member in members:
            if member.filename.endswith(".pkl"):
                _check_plain(archive.read(member))


def _check_plain(data: bytes) -> None:
    """Raises UnpicklingError for what is more than numbers, texts, lists and dicts."""
    if any(opcode.name in CALLS for opcode, _, _ in pickletools.genops(data)):
        raise UnpicklingError


def _checked(content: Any, path: Path, *, stamped: bool) -> Checkpoint:
    if not isinstance(content, dict) or "format" not in content:
        raise CheckpointError(f"{path} is not a checkpoint of snas")
    version = content.pop("format")
    if version not in (UNSTAMPED, FORMAT):
        raise CheckpointError(
            f"{path} has format {version!r:.40}; this version of snas reads {UNSTAMPED} to {FORMAT}"
        )
    if version != UNSTAMPED and not stamped:
        raise CheckpointError(f"{path} is damaged or not a checkpoint: its checksum is missing")
    expected = {"generation": int, "seed": int, "data_digest": str, "trials": list}
    if {name: type(value) for name, value in content.items()} != expected:
        raise CheckpointError(f"{path} is not a checkpoint of snas")
    return Checkpoint(**content)
