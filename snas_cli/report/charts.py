"""Charts of a search as inline SVG: its trials, and the front of several objectives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from snas_cli.api import Objective, Trial
from snas_cli.report.axes import Axis, axis, horizontal_grid, plain_labels, share_labels
from snas_cli.report.marks import Entry, Marks, best_line, faint_mark, legend
from snas_cli.search.wording import Measure, cost_text, objective_text, objective_title

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 310, 62, 12, 28, 40


# --- trials ---------------------------------------------------------------------------------------


def progress_chart(trials: Sequence[Trial], measure: Measure) -> str:
    """A mark for each trial, by family, and the best so far as a line."""
    alive = [(trial, trial.fitness) for trial in trials if trial.fitness is not None]
    if not alive:
        return "<p>No candidate could be judged.</p>"
    y = axis([fitness for _, fitness in alive], HEIGHT - BOTTOM, TOP)
    last = max(trial.number for trial in trials)
    x = Axis([0, max(last, 1)], LEFT, WIDTH - RIGHT)
    marks = Marks(trials)
    labels = plain_labels(y.ticks) if measure.metric is None else share_labels(y.ticks)
    dots = "".join(
        marks.mark(trial, (x.at(trial.number), y.at(fitness)), _title(trial, measure))
        for trial, fitness in alive
    )
    corners = " ".join(f"{x.at(n):.1f},{y.at(best):.1f}" for n, best in _best_so_far(alive, last))
    body = (
        f"{horizontal_grid(y, LEFT, WIDTH - RIGHT, labels)}{_numbers_below(x, last)}"
        f'<polyline points="{corners}" class="best"/>{dots}{_axes(measure.name, "trial")}'
    )
    entries = [*marks.entries([trial for trial, _ in alive]), Entry("best so far", best_line)]
    return _with_legend(f"{measure.name} of each trial", body, entries)


def _title(trial: Trial, measure: Measure) -> str:
    return (
        f"trial {trial.number}, {trial.genome.family}, {trial.proposal.operator}: "
        f"{measure.trial_text(trial)}"
    )


def _best_so_far(alive: Sequence[tuple[Trial, float]], last: int) -> Iterator[tuple[int, float]]:
    """The corners of a staircase. It goes down where a trial is trained to a further rung than all
    before: their scores cannot be compared."""
    best = (len(alive[0][0].rungs), alive[0][1])
    for trial, fitness in alive:
        yield trial.number, best[1]
        best = max(best, (len(trial.rungs), fitness))
        yield trial.number, best[1]
    yield last, best[1]


def _numbers_below(x: Axis, last: int) -> str:
    step = max(1, round(last / 6 / 5) * 5 if last >= 30 else round(last / 6))
    return "".join(
        f'<text x="{x.at(n):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{n}</text>'
        for n in range(0, last + 1, step)
    )


# --- front ----------------------------------------------------------------------------------------


def front_chart(
    trials: Sequence[Trial],
    front: Sequence[Trial],
    objectives: Sequence[Objective],
    measure: Measure,
) -> str:
    """All trials by the first two objectives, and the front as a line. `front` has the best by the
    first objective first; none of it has failed."""
    first, second = objectives[:2]
    furthest = len(front[0].rungs)  # scores of other rungs cannot be compared
    shown = [trial for trial in trials if not trial.failed and len(trial.rungs) == furthest]
    x = axis([_shown(second, trial) for trial in shown], LEFT, WIDTH - RIGHT - 20, by_factors=True)
    y = axis([_shown(first, trial) for trial in shown], HEIGHT - BOTTOM, TOP, by_factors=True)
    marks, members = Marks(trials), {trial.number for trial in front}

    def place(trial: Trial) -> tuple[float, float]:
        return x.at(_shown(second, trial)), y.at(_shown(first, trial))

    dots = "".join(
        f'<g class="{"" if trial.number in members else "faint"}">'
        f"{marks.mark(trial, place(trial), _front_title(trial, (first, second), measure))}</g>"
        for trial in shown
    )
    line = " ".join("{:.1f},{:.1f}".format(*place(trial)) for trial in front)
    steps = f'<polyline points="{line}" class="best"/>' if len(objectives) == 2 else ""
    body = (
        f"{horizontal_grid(y, LEFT, WIDTH - RIGHT, _labels(first, y, measure))}"
        f"{_ticks_below(x, _labels(second, x, measure))}{steps}{dots}"
        f"{_axes(objective_title(first, measure), objective_title(second, measure))}"
    )
    label = f"{objective_title(first, measure)} by {objective_title(second, measure)}"
    return _with_legend(
        label, body, [*marks.entries(shown), Entry("faint: not on the front", faint_mark)]
    )


def _shown(objective: Objective, trial: Trial) -> float:
    """As people know it: of the fitness, more is better."""
    if objective.metric is None:
        assert trial.fitness is not None  # the chart leaves out what failed
        return trial.fitness
    return trial.metrics[objective.metric]


def _labels(objective: Objective, along: Axis, measure: Measure) -> list[str]:
    if objective.metric is not None:
        return [cost_text(objective.metric, value) for value in along.ticks]
    return plain_labels(along.ticks) if measure.metric is None else share_labels(along.ticks)


def _front_title(trial: Trial, objectives: Sequence[Objective], measure: Measure) -> str:
    values = (objective_text(objective, trial, measure) for objective in objectives)
    return f"trial {trial.number}, {trial.genome.family}: {', '.join(values)}"


def _ticks_below(x: Axis, labels: Sequence[str]) -> str:
    return "".join(
        f'<line x1="{x.at(value):.1f}" x2="{x.at(value):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" '
        f'class="grid"/><text x="{x.at(value):.1f}" y="{HEIGHT - BOTTOM + 16}" '
        f'text-anchor="middle">{escape(label)}</text>'
        for value, label in zip(x.ticks, labels, strict=True)
    )


# --- all ------------------------------------------------------------------------------------------


def _axes(above: str, below: str) -> str:
    """What stands at the axes; the name of the upright one stands above it."""
    return (
        f'<text x="{LEFT}" y="14" class="title">{escape(above)}</text>'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(below)}</text>'
    )


def _with_legend(label: str, body: str, entries: Iterable[Entry]) -> str:
    below, height = legend(entries, HEIGHT + 6, LEFT, WIDTH - RIGHT)
    return svg(HEIGHT + 6 + height, label, body + below)


def svg(height: float, label: str, body: str) -> str:
    return (
        f'<div class="wide"><svg viewBox="0 0 {WIDTH} {height:g}" class="chart" role="img" '
        f'aria-label="{escape(label)}">{body}</svg></div>'
    )
