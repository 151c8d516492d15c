"""Trained weights on the disk: safetensors, each file stamped with the architecture it fits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from snas_cli.errors import CheckpointError
from snas_cli.runs.files import write_whole

if TYPE_CHECKING:
    from torch import Tensor


def save_weights(path: Path, state: dict[str, Tensor], fingerprint: str) -> None:
    from safetensors.torch import save

    dense = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    stamp = {"fingerprint": fingerprint}
    content = save(dense, metadata=stamp)
    write_whole(path, lambda partial: partial.write_bytes(content))


def load_weights(path: Path, fingerprint: str) -> dict[str, Tensor]:
    """Raises CheckpointError where the file is missing, damaged, or of another architecture."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            stamped = (file.metadata() or {}).get("fingerprint")
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise CheckpointError(f"there are no weights at {path}") from None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or not a file of weights: {error}") from None
    if stamped != fingerprint:
        raise CheckpointError(f"{path} holds the weights of another architecture ({stamped})")
    return state
