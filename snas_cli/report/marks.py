"""What stands for a trial in a chart, and the legend that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape

from snas_cli.api import Trial
from snas_cli.report.colours import COLOURS

ROW, GAP = 20, 22  # pixels: the height of a line of a legend, and what is between two entries
LETTER = 6.8  # pixels that a letter of 12 pixels takes on average, in a wide font


def _circle(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"'


def _square(x: float, y: float) -> str:
    return f'<rect x="{x - 3.7:.1f}" y="{y - 3.7:.1f}" width="7.4" height="7.4"'


def _diamond(x: float, y: float) -> str:
    return f'<path d="M{x:.1f} {y - 5.2:.1f}l5.2 5.2-5.2 5.2-5.2-5.2z"'


SHAPES: Sequence[Callable[[float, float], str]] = (_circle, _square, _diamond)


@dataclass(frozen=True)
class Entry:
    """Of a legend."""

    words: str
    sign: Callable[[float, float], str]  # the SVG of it, around a place


def best_line(x: float, y: float) -> str:
    """The sign of the best so far."""
    return f'<line x1="{x - 6:.1f}" x2="{x + 6:.1f}" y1="{y:.1f}" y2="{y:.1f}" class="best"/>'


def faint_mark(x: float, y: float) -> str:
    """The sign of what is there and is not what is spoken of."""
    return f'<g class="faint">{_circle(x, y)} class="mark c0"/></g>'


def _hollow_mark(x: float, y: float) -> str:
    return f'{_circle(x, y)} class="mark hollow c0"/>'


class Marks:
    """A colour and a shape for each family, and hollow ones for what was not trained in full.
    Made of all trials of a run, they are the same in all of its charts."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        self._families = sorted({trial.genome.family for trial in trials})
        self._rungs = max((len(trial.rungs) for trial in trials), default=0)

    def _partial(self, trial: Trial) -> bool:
        return not trial.failed and len(trial.rungs) < self._rungs

    def mark(self, trial: Trial, place: tuple[float, float], title: str) -> str:
        hollow = " hollow" if self._partial(trial) else ""
        drawn = self._drawn(trial.genome.family, place, f"mark{hollow}")
        return f"{drawn}><title>{escape(title)}</title></{drawn[1:].partition(' ')[0]}>"

    def _drawn(self, family: str, place: tuple[float, float], kind: str) -> str:
        cycle, colour = divmod(self._families.index(family), len(COLOURS))
        return f'{SHAPES[cycle % len(SHAPES)](*place)} class="{kind} c{colour}"'

    def entries(self, shown: Sequence[Trial]) -> list[Entry]:
        """For the legend of a chart that has these."""
        there = {trial.genome.family for trial in shown}
        families = [Entry(n, partial(self._sign, n)) for n in self._families if n in there]
        hollow = Entry("hollow: not trained in full", _hollow_mark)
        return [*families, *([hollow] if any(map(self._partial, shown)) else [])]

    def _sign(self, family: str, x: float, y: float) -> str:
        return f"{self._drawn(family, (x, y), 'mark')}/>"


def legend(entries: Iterable[Entry], top: float, left: float, right: float) -> tuple[str, float]:
    """The SVG of a legend, entry by entry in as many lines as it takes, and the height of it."""
    drawn, x, y = [], left, top + ROW / 2
    for entry in entries:
        width = 16 + LETTER * len(entry.words)
        if x > left and x + width > right:
            x, y = left, y + ROW
        drawn.append(
            f'{entry.sign(x + 6, y)}<text x="{x + 17:.1f}" y="{y + 4}">{escape(entry.words)}</text>'
        )
        x += width + GAP
    return "".join(drawn), y + ROW / 2 - top
