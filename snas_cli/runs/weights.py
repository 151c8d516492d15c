"""Trained weights on the disk: safetensors, each file stamped with the architecture it fits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from snas_cli.errors import CheckpointError
from snas_cli.runs.files import write_whole

if TYPE_CHECKING:
    from torch import Tensor, nn

MAX_BYTES = 4_000_000_000  # a thousand million parameters


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
        if (size := path.stat().st_size) > MAX_BYTES:
            raise CheckpointError(
                f"{path} has {size:,} bytes, which is too many; it was not opened"
            )
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


def load_into(network: nn.Module, path: Path, fingerprint: str) -> None:
    """Raises CheckpointError as `load_weights` does, and where tensors have other shapes."""
    state = load_weights(path, fingerprint)
    check_shapes(network, state, path)
    network.load_state_dict(state)


def check_shapes(network: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """`network` may be a sketch. Raises CheckpointError where these are not its weights."""
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    wrong = sorted(name for name in expected.keys() | found.keys()
                   if expected.get(name) != found.get(name))  # fmt: skip
    if wrong:
        name = wrong[0]
        raise CheckpointError(
            f"{path} does not fit the architecture: {name} is {_form(found, name)} there and "
            f"{_form(expected, name)} in the network"
        )


def _form(shapes: Mapping[str, tuple[int, ...]], name: str) -> str:
    return "×".join(map(str, shapes[name])) or "a number" if name in shapes else "missing"
