"""How a search went from generation to generation: best and mean, diversity, hypervolume."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from snas_cli.report.axes import Axis, axis, horizontal_grid, plain_labels, share_labels
from snas_cli.report.charts import LEFT, RIGHT, WIDTH, svg
from snas_cli.search.account import Event
from snas_cli.search.wording import Measure

PANEL, GAP, FOOT = 130, 44, 40  # pixels high: a panel, what is above it, and what is below all


@dataclass(frozen=True)
class Series:
    name: str
    values: Sequence[float | None]  # by generation; None where it has none
    colour: int


@dataclass(frozen=True)
class Panel:
    title: str
    series: Sequence[Series]
    shares: bool = False
    whole: bool = False  # from 0 to 1, whatever the values


def generations_chart(generations: Sequence[Event], measure: Measure) -> str:
    """Panels above one another, one point a generation, with the levels of a progressive search."""
    if not generations:
        return "<p>No generation is over.</p>"
    panels = list(_panels(generations, measure))
    numbers = [event["generation"] + 1 for event in generations]
    x = Axis([numbers[0], max(numbers[-1], numbers[0] + 1)], LEFT + 8, WIDTH - RIGHT - 8)
    bottom = len(panels) * (PANEL + GAP)
    body = "".join(_drawn(panel, i, x, numbers) for i, panel in enumerate(panels))
    return svg(
        bottom + FOOT,
        "Best, mean and diversity of each generation",
        f"{_levels(generations, x, bottom)}{body}{_numbers(numbers, x, bottom)}",
    )


def _panels(generations: Sequence[Event], measure: Measure) -> Iterator[Panel]:
    def series(name: str, key: str, colour: int) -> Series:
        return Series(name, [event.get(key) for event in generations], colour)

    both = (series("best of the generation", "best", 0), series("mean", "mean", 1))
    yield Panel(measure.name, both, shares=measure.metric is not None)
    yield Panel(
        "diversity of the generation: 0 all alike, 1 as varied as can be",
        (series("diversity", "diversity", 2),),
        whole=True,
    )
    if any("hypervolume" in event for event in generations):
        yield Panel(
            "hypervolume of the front so far; the first generation spans 1",
            (series("hypervolume", "hypervolume", 3),),
        )


def _drawn(panel: Panel, place: int, x: Axis, numbers: Sequence[int]) -> str:
    top = place * (PANEL + GAP) + GAP
    known = [v for each in panel.series for v in each.values if v is not None]
    y = axis([0, 1] if panel.whole or not known else known, top + PANEL, top)
    labels = share_labels(y.ticks) if panel.shares else plain_labels(y.ticks)
    keys = "".join(_key(each) for each in panel.series) if len(panel.series) > 1 else ""
    heading = f'<text x="{LEFT}" y="{top - 16}" class="title">{escape(panel.title)}{keys}</text>'
    lines = "".join(_line(each, x, y, numbers) for each in panel.series)
    return f"{heading}{horizontal_grid(y, LEFT, WIDTH - RIGHT, labels)}{lines}"


def _key(series: Series) -> str:
    return f'<tspan dx="14" class="key c{series.colour}">● {escape(series.name)}</tspan>'


def _line(series: Series, x: Axis, y: Axis, numbers: Sequence[int]) -> str:
    places = [
        None if value is None else (x.at(number), y.at(value))
        for number, value in zip(numbers, series.values, strict=True)
    ]
    strokes = "".join(
        f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" '
        f'class="curve c{series.colour}"/>'
        for a, b in pairwise(places)
        if a is not None and b is not None
    )
    dots = "".join(
        f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="3" class="mark c{series.colour}">'
        f"<title>generation {number}: {value:.4g}</title></circle>"
        for place, number, value in zip(places, numbers, series.values, strict=True)
        if place is not None
    )
    return strokes + dots


def _levels(generations: Sequence[Event], x: Axis, bottom: float) -> str:
    """Above all, where a level of a progressive search begins, with a line from the second on."""
    starts = [
        (event["generation"] + 1, event["level"])
        for before, event in zip([None, *generations[:-1]], generations, strict=True)
        if "level" in event and (before is None or before.get("level") != event["level"])
    ]
    lines = "".join(
        f'<line x1="{x.at(number) - 5:.1f}" x2="{x.at(number) - 5:.1f}" y1="3" y2="{bottom}" '
        'class="level"/>'
        for number, _ in starts[1:]
    )
    return lines + "".join(_level_label(level, x.at(number)) for number, level in starts)


def _level_label(level: int, place: float) -> str:
    """On the side of the line where there is room."""
    side = f'x="{place - 9:.1f}" text-anchor="end"' if place > WIDTH - 60 else f'x="{place:.1f}"'
    return f'<text {side} y="12">level {level}</text>'


def _numbers(numbers: Sequence[int], x: Axis, bottom: float) -> str:
    every = max(1, len(numbers) // 12)
    shown = "".join(
        f'<text x="{x.at(number):.1f}" y="{bottom + 16}" text-anchor="middle">{number}</text>'
        for number in numbers[::every]
    )
    middle = f'<text x="{WIDTH / 2}" y="{bottom + 34}" text-anchor="middle">generation</text>'
    return shown + middle
