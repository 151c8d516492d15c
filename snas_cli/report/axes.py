"""The axes of charts: round numbers along them, and places on a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)  # times a power of ten


@dataclass(frozen=True)
class Axis:
    """From values to pixels."""

    ticks: Sequence[float]  # ascending; the outer ones are the ends of the axis
    start: float  # pixels, of the least
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        low, high, here = (
            log10(number) if self.logarithmic else number
            for number in (self.ticks[0], self.ticks[-1], value)
        )
        return self.start + (self.end - self.start) * (here - low) / (high - low)


def axis(values: Sequence[float], start: float, end: float, *, by_factors: bool = False) -> Axis:
    """An axis that holds all values. With `by_factors` it is logarithmic where they span more than
    a factor of 20 and none is 0 or less."""
    low, high = min(values), max(values)
    if by_factors and low > 0 and high / low > 20:
        return Axis(_powers(low, high), start, end, logarithmic=True)
    return Axis(round_numbers(low, high), start, end)


def round_numbers(low: float, high: float) -> list[float]:
    """About five, evenly spaced, from not above `low` to not below `high`."""
    if high - low <= max(1e-9 * abs(low), 1e-9 * abs(high), 1e-300):  # as good as one value
        low, high = low - (abs(low) or 1) / 10, low + (abs(low) or 1) / 10
    rough = (high - low) / 4
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in STEPS if power * factor >= rough * (1 - 1e-9))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [i * step for i in range(first, last + 1)]


def _powers(low: float, high: float) -> list[float]:
    """Powers of ten around both."""
    return [10.0**n for n in range(floor(log10(low)), ceil(log10(high)) + 1)]


def horizontal_grid(y: Axis, left: float, right: float, labels: Sequence[str]) -> str:
    """A line at each tick, with its label on the left."""
    return "".join(
        f'<line x1="{left}" x2="{right}" y1="{y.at(value):.1f}" y2="{y.at(value):.1f}" '
        f'class="grid"/><text x="{left - 6}" y="{y.at(value):.1f}" dy="4" text-anchor="end">'
        f"{escape(label)}</text>"
        for value, label in zip(y.ticks, labels, strict=True)
    )


def share_labels(ticks: Sequence[float]) -> list[str]:
    return [f"{100 * value:.6g} %" for value in ticks]


def plain_labels(ticks: Sequence[float]) -> list[str]:
    return [f"{value:.6g}" for value in ticks]
