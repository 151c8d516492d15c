"""Quantities as people write them: 300k, 1.5MB, 2h, 5ms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import product
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

_COUNTS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_BYTES = {unit + b: factor for unit, factor in _COUNTS.items() for b in ("", "b")}
_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_MILLISECONDS = {"": 1, "ms": 1, "s": 1000}


def _parser(units: Mapping[str, int], examples: str) -> Callable[[Any], Any]:
    """From text to a number of the unit that has the factor 1; other values pass. What it returns
    raises ValueError for text that is no such quantity."""

    def parse(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", value, re.IGNORECASE)
        if match is None or match[2].lower() not in units:
            raise ValueError(f"should be {examples}")
        return float(match[1]) * units[match[2].lower()]

    return parse


def _whole(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: round(parse(value)) if isinstance(value, str) else value


parse_count = _whole(_parser(_COUNTS, "a number, such as 250000, 250k or 1.5M"))
parse_size = _whole(_parser(_BYTES, "a number of bytes, such as 250k or 1.5MB"))
parse_duration = _parser(_SECONDS, "a time, such as 90s, 45m or 2h")
parse_milliseconds = _parser(_MILLISECONDS, "a time, such as 5ms or 0.5s")


def format_count(count: float) -> str:
    """Three digits and a unit: 301k from 300,842."""
    for unit, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= 0.9995 * factor:  # or it would be shown as 1e+03 of the next smaller
            return f"{count / factor:.3g}{unit}"
    return f"{count:.0f}"


def format_bytes(count: float) -> str:
    """1.5MB from 1,500,000."""
    return f"{format_count(count)}B"


def _in_schema(kind: str, units: Mapping[str, int]) -> WithJsonSchema:
    """Editors take the number, or text with a unit in any case."""
    both = [zip(unit, unit.upper(), strict=True) for unit in units]
    cases = {"".join(letters) for pairs in both for letters in product(*pairs)}
    names = "|".join(sorted(filter(None, cases), key=lambda name: (-len(name), name)))
    text = rf"^\s*\d+(\.\d+)?\s*({names})?\s*$"
    number = {"type": kind, "exclusiveMinimum": 0}
    return WithJsonSchema({"anyOf": [number, {"type": "string", "pattern": text}]})


Count = Annotated[int, BeforeValidator(parse_count), Field(gt=0), _in_schema("integer", _COUNTS)]
"""A positive whole number that may be written with k, M or G."""

Size = Annotated[int, BeforeValidator(parse_size), Field(gt=0), _in_schema("integer", _BYTES)]
"""Bytes, of which kB has 1,000."""

Duration = Annotated[
    float, BeforeValidator(parse_duration), Field(gt=0), _in_schema("number", _SECONDS)
]
"""Seconds."""

Milliseconds = Annotated[
    float, BeforeValidator(parse_milliseconds), Field(gt=0), _in_schema("number", _MILLISECONDS)
]
