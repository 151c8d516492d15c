"""What a recipe may say about an executor, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec
from math import inf
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


def amount(options: Mapping[str, Any], name: str) -> float | None:
    """An option that is a number above 0: a share, or a whole number of several. Raises
    SearchError."""
    value = options.get(name)
    if value is None:
        return None
    right = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < inf
    if not right or (value > 1 and value != int(value)):
        raise SearchError(f"{name} must be a share such as 0.5, or a whole number; not {value!r}")
    return float(value)


def text(options: Mapping[str, Any], name: str) -> str | None:
    """An option that is a text, or not given. Raises SearchError."""
    value = options.get(name)
    if value is not None and (not isinstance(value, str) or not value):
        raise SearchError(f"{name} must be a text, not {value!r}")
    return value


def check_installed(executor: str, package: str) -> None:
    """Raises SearchError for a package that is missing. It is not imported."""
    if find_spec(package) is None:
        raise SearchError(
            f"the executor {executor!r} needs {package}, which is not installed; "
            f"install it with: pip install 'snas[{executor}]'"
        )


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
