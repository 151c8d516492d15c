"""What a recipe may say about an executor, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from snas_cli.api import SearchError


def check_names(executor: str, options: Mapping[str, Any], known: Collection[str]) -> None:
    """Raises SearchError for options that there are not."""
    unknown = sorted(options.keys() - set(known))
    if unknown:
        offer = f"it has {', '.join(known)}" if known else "it has none"
        raise SearchError(f"the executor {executor!r} has no option {unknown[0]!r}; {offer}")


def count(options: Mapping[str, Any], name: str) -> int | None:
    """An option that is a number from 1 up, or not given. Raises SearchError."""
    value = options.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise SearchError(f"{name} must be a whole number from 1 up, not {value!r}")
    return value


def gpus(options: Mapping[str, Any]) -> Sequence[int | str]:
    """The option `gpu_ids`: numbers, or UUIDs from `nvidia-smi -L`. Raises SearchError."""
    ids = options.get("gpu_ids")
    if ids is None:
        return ()
    if not isinstance(ids, list | tuple) or not ids or not all(map(_is_gpu, ids)):
        raise SearchError(
            f"gpu_ids must be a list of numbers from 0 up, or of UUIDs, such as [0, 1]; not {ids!r}"
        )
    if len(set(ids)) < len(ids):
        raise SearchError(f"gpu_ids names a GPU twice: {ids!r}; use workers_per_gpu")
    return ids


def _is_gpu(value: object) -> bool:
    if isinstance(value, str):
        return value.startswith(("GPU-", "MIG-"))
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
