"""Numbers as people write them: 300k, 1.5M."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

_UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}


def parse_count(value: Any) -> Any:
    """300000 from "300k". Raises ValueError for text that is no number; other values pass."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]?)\s*", value, re.IGNORECASE)
    if match is None:
        raise ValueError("should be a number, such as 250000, 250k or 1.5M")
    return round(float(match[1]) * _UNITS[match[2].lower()])


def format_count(count: float) -> str:
    """Three digits and a unit: 301k from 300,842."""
    for unit, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= factor:
            return f"{count / factor:.3g}{unit}"
    return f"{count:.0f}"


Count = Annotated[
    int,
    BeforeValidator(parse_count),
    Field(gt=0),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "exclusiveMinimum": 0},
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[kmgKMG]?\s*$"},
            ]
        }
    ),
]
"""A positive whole number that may be written with k, M or G."""
