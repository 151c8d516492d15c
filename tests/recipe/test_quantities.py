"""Quantities as people write them, and as they are read back to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from snas_cli.recipe.quantities import (
    Count,
    Duration,
    Milliseconds,
    Size,
    format_bytes,
    format_count,
    parse_count,
    parse_duration,
    parse_milliseconds,
    parse_size,
)

KINDS = {"count": Count, "size": Size, "duration": Duration, "milliseconds": Milliseconds}


@pytest.mark.parametrize(
    ("parse", "text", "number"),
    [
        (parse_count, "250000", 250_000),
        (parse_count, "300k", 300_000),
        (parse_count, " 1.5 M ", 1_500_000),
        (parse_count, "2g", 2_000_000_000),
        (parse_count, "0.29k", 290),
        (parse_size, "1MB", 1_000_000),
        (parse_size, "1.5mb", 1_500_000),
        (parse_size, "250k", 250_000),
        (parse_size, "12b", 12),
        (parse_duration, "90", 90.0),
        (parse_duration, "90s", 90.0),
        (parse_duration, "45m", 2700.0),
        (parse_duration, "45 min", 2700.0),
        (parse_duration, "1.5H", 5400.0),
        (parse_duration, "2d", 172_800.0),
        (parse_milliseconds, "5", 5.0),
        (parse_milliseconds, "5ms", 5.0),
        (parse_milliseconds, "0.5s", 500.0),
    ],
)
def test_units(parse: Callable[[Any], Any], text: str, number: float) -> None:
    assert parse(text) == number
    assert type(parse(text)) is type(number)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_count, "many"),
        (parse_count, "5MB"),
        (parse_count, "-5k"),
        (parse_count, "1,5k"),
        (parse_count, "k"),
        (parse_count, ""),
        (parse_count, "1e6"),
        (parse_count, "nan"),
        (parse_size, "1MiB"),
        (parse_duration, "2 weeks"),
        (parse_duration, "1h30m"),
        (parse_milliseconds, "5us"),
    ],
)
def test_what_is_no_quantity_is_told_how_to_be_one(parse: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(ValueError, match=r"should be a .*such as"):
        parse(text)


@pytest.mark.parametrize("value", [5, 0.5, None, True, ["5k"]])
def test_what_is_no_text_is_left_to_the_schema(value: object) -> None:
    for parse in (parse_count, parse_size, parse_duration, parse_milliseconds):
        assert parse(value) is value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0, -3, "0", "0k", "0.0s", True, None, []])
def test_recipes_take_what_is_more_than_nothing(kind: str, value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(KINDS[kind]).validate_python(value, strict=True)


@given(st.integers(1, 10**9), st.sampled_from(["", "k", "M", "G", "K", " m"]))
def test_editors_take_what_recipes_take(number: int, unit: str) -> None:
    text = f"{number}{unit}"
    schema = TypeAdapter(Count).json_schema()
    (pattern,) = [form["pattern"] for form in schema["anyOf"] if form["type"] == "string"]
    assert re.search(pattern, text)
    assert TypeAdapter(Count).validate_python(text) == parse_count(text)


@pytest.mark.parametrize(
    ("kind", "units"),
    [
        ("size", "kb MB G"),
        ("duration", "s MIN h D"),
        ("size", "kB Mb"),
    ],
)
def test_editors_take_units_in_any_case(kind: str, units: str) -> None:
    schema = TypeAdapter(KINDS[kind]).json_schema()
    (pattern,) = [form["pattern"] for form in schema["anyOf"] if form["type"] == "string"]
    assert all(re.search(pattern, f"1.5 {unit}") for unit in units.split())
    assert not re.search(pattern, "1.5 parsecs")


# --- as people read them --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"), (7, "7"), (999, "999"), (1000, "1k"), (1234, "1.23k"), (300_842, "301k"),
        (999_499, "999k"), (1_000_000, "1M"), (25_600_000, "25.6M"), (4.2e9, "4.2G"),
    ],
)  # fmt: skip
def test_three_digits_and_a_unit(count: float, text: str) -> None:
    assert format_count(count) == text
    assert format_bytes(count) == f"{text}B"


@given(st.integers(1, 10**12 - 10**10))
@example(999_999)
def test_what_is_shown_can_be_typed_and_is_near(count: int) -> None:
    shown = format_count(count)
    assert len(shown) <= 5
    assert parse_count(shown) == pytest.approx(count, rel=0.005)
