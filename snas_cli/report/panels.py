"""Panels above one another that share the axis below them: what changes, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from snas_cli.report.axes import Axis, axis, horizontal_grid, plain_labels, share_labels
from snas_cli.report.charts import LEFT, RIGHT, WIDTH, svg

PANEL, GAP, FOOT = 130, 44, 40  # pixels high: a panel, what is above it, and what is below all


@dataclass(frozen=True)
class Series:
    name: str
    values: Sequence[float | None]  # by step; None where it has none
    colour: int
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    title: str
    series: Sequence[Series]
    shares: bool = False
    whole: bool = False  # from 0 to 1, whatever the values


def steps_axis(numbers: Sequence[int]) -> Axis:
    """For ascending numbers of steps, at least one."""
    return Axis([numbers[0], max(numbers[-1], numbers[0] + 1)], LEFT + 8, WIDTH - RIGHT - 8)


def bottom_of(panels: Sequence[Panel]) -> int:
    return len(panels) * (PANEL + GAP)


def panels_chart(
    panels: Sequence[Panel], numbers: Sequence[int], step: str, label: str, *, behind: str = ""
) -> str:
    """One point for each of `numbers`, which count a `step`: a generation, an epoch."""
    x, bottom = steps_axis(numbers), bottom_of(panels)
    body = "".join(_drawn(panel, i, x, (step, numbers)) for i, panel in enumerate(panels))
    return svg(bottom + FOOT, label, f"{behind}{body}{_numbers(numbers, x, bottom, step)}")


def _drawn(panel: Panel, place: int, x: Axis, steps: tuple[str, Sequence[int]]) -> str:
    top = place * (PANEL + GAP) + GAP
    known = [v for each in panel.series for v in each.values if v is not None]
    y = axis([0, 1] if panel.whole or not known else known, top + PANEL, top)
    labels = share_labels(y.ticks) if panel.shares else plain_labels(y.ticks)
    keys = "".join(_key(each) for each in panel.series) if len(panel.series) > 1 else ""
    heading = f'<text x="{LEFT}" y="{top - 16}" class="title">{escape(panel.title)}{keys}</text>'
    lines = "".join(_line(each, x, y, steps) for each in panel.series)
    return f"{heading}{horizontal_grid(y, LEFT, WIDTH - RIGHT, labels)}{lines}"


def _key(series: Series) -> str:
    mark = "┄" if series.dashed else "●"
    return f'<tspan dx="14" class="key c{series.colour}">{mark} {escape(series.name)}</tspan>'


def _line(series: Series, x: Axis, y: Axis, steps: tuple[str, Sequence[int]]) -> str:
    step, numbers = steps
    places = [
        None if value is None else (x.at(number), y.at(value))
        for number, value in zip(numbers, series.values, strict=True)
    ]
    dash = ' stroke-dasharray="5 4"' if series.dashed else ""
    strokes = "".join(
        f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" '
        f'class="curve c{series.colour}"{dash}/>'
        for a, b in pairwise(places)
        if a is not None and b is not None
    )
    dots = "".join(
        f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="3" class="mark c{series.colour}">'
        f"<title>{escape(series.name)}, {step} {number}: {value:.4g}</title></circle>"
        for place, number, value in zip(places, numbers, series.values, strict=True)
        if place is not None
    )
    return strokes + dots


def _numbers(numbers: Sequence[int], x: Axis, bottom: float, step: str) -> str:
    every = max(1, len(numbers) // 12)
    shown = "".join(
        f'<text x="{x.at(number):.1f}" y="{bottom + 16}" text-anchor="middle">{number}</text>'
        for number in numbers[::every]
    )
    middle = f'<text x="{WIDTH / 2}" y="{bottom + 34}" text-anchor="middle">{escape(step)}</text>'
    return shown + middle
