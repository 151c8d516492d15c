"""The settings of a strategy's own: search.options in a recipe."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from snas_cli.api import SearchError


def check_options(strategy: str, options: Mapping[str, Any], known: Collection[str]) -> None:
    """Raises SearchError for an option that the strategy does not have."""
    for name in options:
        if name not in known:
            raise SearchError(
                f"search.options: the strategy {strategy!r} has no option {name!r}; "
                f"{_hint(name, known)}"
            )


def whole_number(options: Mapping[str, Any], name: str, *, least: int = 1) -> int | None:
    """The option, or None where a recipe does not set it. Raises SearchError for anything but a
    whole number from `least` on."""
    if name not in options:
        return None
    value = options[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise SearchError(f"search.options.{name} is a whole number from {least} on, not {value!r}")
    return value


def _hint(word: str, known: Collection[str]) -> str:
    close = get_close_matches(word, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"it has {', '.join(sorted(known))}" if known else "it has none"
