"""What a recipe may say about an observer, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.util import find_spec
from typing import Any

from snas_cli.api import SearchError


def check_names(observer: str, options: Mapping[str, Any], known: Collection[str]) -> None:
    """Raises SearchError for options that there are not, and for what is no text."""
    for name, value in options.items():
        if name not in known:
            offer = f"it has {', '.join(known)}" if known else "it has none"
            raise SearchError(f"observers.{observer}: there is no option {name!r}; {offer}")
        if not isinstance(value, str) or not value:
            raise SearchError(f"observers.{observer}.{name} is a text, not {value!r}")


def check_installed(observer: str, *packages: str) -> None:
    """Raises SearchError for packages that are missing. They are not imported."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise SearchError(
            f"observers.{observer} needs {' and '.join(missing)}, which is not installed; "
            f"install it with: pip install 'snas[{observer}]'"
        )
