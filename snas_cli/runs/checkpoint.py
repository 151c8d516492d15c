"""Checkpoints: `ckpt.pkl`, the whole run so far in one file that cannot run code.

The file is what `torch.save` writes of plain data, and is only ever read with `weights_only=True`.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from snas_cli.errors import CheckpointError
from snas_cli.runs.files import write_whole

FORMAT = 1
LATEST = "ckpt.pkl"


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
    numbered = folder / f"ckpt-gen{checkpoint.generation:04}.pkl"
    for path in (numbered, folder / LATEST):
        write_whole(path, lambda partial: partial.write_bytes(buffer.getvalue()))
    for old in numbered_checkpoints(folder)[:-keep]:
        old.unlink()


def numbered_checkpoints(folder: Path) -> list[Path]:
    """Oldest first, by the number and not by the letters of the name."""
    found = [(re.fullmatch(r"ckpt-gen(\d+)\.pkl", path.name), path) for path in folder.iterdir()]
    return [path for _, path in sorted((int(match[1]), path) for match, path in found if match)]


def load_checkpoint(path: Path) -> Checkpoint:
    """Raises CheckpointError for anything but a sound checkpoint. Runs no code from it."""
    import torch

    try:
        _check_archive(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}") from None
    except UnpicklingError:
        raise CheckpointError(f"{path} holds more than plain data; it was not opened") from None
    except (OSError, EOFError, KeyError, RuntimeError, ValueError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path} is damaged or not a checkpoint: {error}") from None
    return _checked(content, path)


def _check_archive(path: Path) -> None:
    """torch.load does not notice a flipped byte; the archive's own checksums do."""
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged:
        raise zipfile.BadZipFile(f"{damaged} fails its checksum")


def _checked(content: Any, path: Path) -> Checkpoint:
    if not isinstance(content, dict) or "format" not in content:
        raise CheckpointError(f"{path} is not a checkpoint of snas")
    version = content.pop("format")
    if version != FORMAT:
        raise CheckpointError(f"{path} has format {version}; this version of snas reads {FORMAT}")
    expected = {"generation": int, "seed": int, "data_digest": str, "trials": list}
    if {name: type(value) for name, value in content.items()} != expected:
        raise CheckpointError(f"{path} is not a checkpoint of snas")
    return Checkpoint(**content)
