"""How a search went from generation to generation: best and mean, diversity, hypervolume."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snas_cli.report.axes import Axis
from snas_cli.report.charts import WIDTH
from snas_cli.report.panels import Panel, Series, bottom_of, panels_chart, steps_axis
from snas_cli.search.account import Event
from snas_cli.search.wording import Measure


def generations_chart(generations: Sequence[Event], measure: Measure) -> str:
    """Panels above one another, one point a generation, with the levels of a progressive search."""
    if not generations:
        return "<p>No generation is over.</p>"
    panels = list(_panels(generations, measure))
    numbers = [event["generation"] + 1 for event in generations]
    levels = _levels(generations, steps_axis(numbers), bottom_of(panels))
    label = "Best, mean and diversity of each generation"
    return panels_chart(panels, numbers, "generation", label, behind=levels)


def _panels(generations: Sequence[Event], measure: Measure) -> Iterator[Panel]:
    def series(name: str, key: str, colour: int) -> Series:
        return Series(name, [event.get(key) for event in generations], colour)

    both = (series("best of the generation", "best", 0), series("mean", "mean", 1))
    if any(event["best"] is not None for event in generations):
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
