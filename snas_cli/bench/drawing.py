"""The curves of a contest as an SVG that stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from snas_cli.bench.contest import Line
from snas_cli.report.axes import Axis, axis, horizontal_grid, plain_labels
from snas_cli.report.colours import COLOURS

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 52, 24, 66, 48
DASHES = ("none", "7 4", "2 3")  # once all colours are taken

STYLE = """<style>
.bench { --ink: #222; --quiet: #666; --line: #ddd; --paper: #fff; }
@media (prefers-color-scheme: dark) {
  .bench { --ink: #e8e8e8; --quiet: #a5a5a5; --line: #3c3f44; --paper: #16181b; } }
.bench text { font: 12px system-ui, sans-serif; fill: var(--quiet); }
.bench .title { font-size: 14px; font-weight: 600; fill: var(--ink); }
.bench .name { font-weight: 600; fill: var(--ink); }
.bench .grid { stroke: var(--line); } .bench .paper { fill: var(--paper); }
.bench .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
.bench .band { opacity: .13; }
</style>"""


def regret_drawing(lines: Sequence[Line], trainings: int, about: str) -> str:
    """Mean regret after each training from a tenth of them on, with its 95 % interval as a band;
    what comes before would leave no room for the rest."""
    first = max(1, trainings // 10)
    steps = list(range(first, trainings + 1))
    x = Axis([first, trainings], LEFT, WIDTH - RIGHT)
    bounds = [[_bounds(line, step) for step in steps] for line in lines]
    highest = max(high for curve in bounds for _, _, high in curve)
    y = axis([0, highest], HEIGHT - BOTTOM, TOP)
    body = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" class="paper"/>',
        _text(LEFT, 20, about, "title"),
        horizontal_grid(y, LEFT, WIDTH - RIGHT, plain_labels(y.ticks)),
        *(_text(x.at(n), HEIGHT - BOTTOM + 18, str(n), anchor="middle")
          for n in _labelled(first, trainings)),
        _text(WIDTH / 2, HEIGHT - 10, "trainings", anchor="middle"),
        *(_curve(n, curve, steps, (x, y)) for n, curve in enumerate(bounds)),
        _legend([line.title for line in lines]),
    ]  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" class="bench" '
        f'role="img" aria-label="{escape(about)}">{STYLE}{"".join(body)}</svg>\n'
    )


def _bounds(line: Line, step: int) -> tuple[float, float, float]:
    """Lower end of the interval, mean, upper end; no regret is below 0."""
    mean, half = line.mean(step), line.half_width(step)
    return max(0.0, mean - half), mean, mean + half


def _curve(
    number: int,
    bounds: Sequence[tuple[float, float, float]],
    steps: Sequence[int],
    axes: tuple[Axis, Axis],
) -> str:
    x, y = axes
    lower, middle, upper = (
        [f"{x.at(step):.1f},{y.at(bound[part]):.1f}" for step, bound in zip(steps, bounds,
                                                                           strict=True)]
        for part in range(3)
    )  # fmt: skip
    return (
        f'<polygon points="{" ".join([*upper, *reversed(lower)])}" class="band" '
        f'fill="{_colour(number)}"/><polyline points="{" ".join(middle)}" class="curve" '
        f"{_stroke(number)}/>"
    )


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _stroke(number: int) -> str:
    dashes = DASHES[number // len(COLOURS) % len(DASHES)]
    return f'stroke="{_colour(number)}" stroke-dasharray="{dashes}"'


def _legend(titles: Sequence[str]) -> str:
    """Above the curves, in a row or two, which is as much as there is room for."""
    parts, left, top = [], float(LEFT), 40.0
    for number, title in enumerate(titles):
        width = 34 + 7.2 * len(title)
        if left + width > WIDTH - RIGHT:
            left, top = float(LEFT), top + 17
        parts.append(f'<line x1="{left:.0f}" x2="{left + 20:.0f}" y1="{top - 4}" y2="{top - 4}" '
                     f'stroke-width="3" {_stroke(number)}/>')  # fmt: skip
        parts.append(_text(left + 25, top, title, "name"))
        left += width + 8
    return "".join(parts)


def _labelled(first: int, last: int) -> list[int]:
    """The ends of the axis, and the quarters between them."""
    quarters = (round(last * part / 4) for part in (1, 2, 3))
    return [first, *(n for n in quarters if n > first + last // 20), last]


def _text(x: float, y: float, words: str, look: str = "", anchor: str = "start") -> str:
    named = f' class="{look}"' if look else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(words)}</text>'
