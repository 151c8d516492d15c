"""Charts as inline SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import floor

from snas_cli.api import Trial

# Okabe & Ito 2008: told apart by the colour-blind too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 300, 48, 12, 12, 36


@dataclass(frozen=True)
class Scale:
    """From trial numbers and accuracies to places on the drawing."""

    last: int  # number of a trial
    low: float  # at the bottom
    high: float = 1.0  # at the top

    def x(self, number: int) -> str:
        return f"{LEFT + (WIDTH - LEFT - RIGHT) * number / max(self.last, 1):.1f}"

    def y(self, accuracy: float) -> str:
        height = (accuracy - self.low) / max(self.high - self.low, 1e-9)
        return f"{TOP + (HEIGHT - TOP - BOTTOM) * (1 - height):.1f}"


def progress_chart(trials: Sequence[Trial]) -> str:
    """A dot for each trial, coloured by family, and the best accuracy so far as a line."""
    alive = [(trial, trial.fitness) for trial in trials if trial.fitness is not None]
    if not alive:
        return "<p>No candidate could be judged.</p>"
    scale = _scale(alive, max(trial.number for trial in trials))
    families = sorted({trial.genome.family for trial, _ in alive})
    colours = {family: COLOURS[i % len(COLOURS)] for i, family in enumerate(families)}
    dots = "".join(
        f'<circle cx="{scale.x(trial.number)}" cy="{scale.y(fitness)}" r="4" '
        f'fill="{colours[trial.genome.family]}"><title>trial {trial.number}, '
        f"{escape(trial.genome.family)}: {fitness:.2%}</title></circle>"
        for trial, fitness in alive
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Validation accuracy of each trial">{_grid(scale)}'
        f'<polyline points="{" ".join(_best_so_far(alive, scale))}" class="best"/>{dots}'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle">trial</text></svg>'
        f"{_legend(colours)}"
    )


def _scale(alive: Sequence[tuple[Trial, float]], last: int) -> Scale:
    """Up to 1 for accuracies; an evaluator's scores have the range that they have."""
    lowest, highest = min(fitness for _, fitness in alive), max(fitness for _, fitness in alive)
    if "val_acc" in alive[0][0].metrics:
        return Scale(last, floor(lowest * 5) / 5)  # whole percents
    return Scale(last, lowest, highest if highest > lowest else lowest + 1)


def _best_so_far(alive: Sequence[tuple[Trial, float]], scale: Scale) -> Iterator[str]:
    """The corners of a staircase."""
    best = alive[0][1]
    for trial, fitness in alive:
        yield f"{scale.x(trial.number)},{scale.y(best)}"
        best = max(best, fitness)
        yield f"{scale.x(trial.number)},{scale.y(best)}"
    yield f"{scale.x(scale.last)},{scale.y(best)}"


def _grid(scale: Scale) -> str:
    values = [scale.low + (scale.high - scale.low) * i / 4 for i in range(5)]
    return "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{scale.y(value)}" y2="{scale.y(value)}" '
        f'class="grid"/><text x="{LEFT - 6}" y="{scale.y(value)}" dy="4" text-anchor="end">'
        f"{f'{value:.0%}' if scale.high == 1 else f'{value:.3g}'}</text>"
        for value in values
    )


def _legend(colours: dict[str, str]) -> str:
    entries = (
        f'<span><i style="background:{colour}"></i>{escape(family)}</span>'
        for family, colour in colours.items()
    )
    return f'<p class="legend">{"".join(entries)}<span><b></b>best so far</span></p>'
