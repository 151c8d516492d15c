"""The report's charts to look into: marks that say what they are, axes that can be moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from snas_cli.api import Objective, Trial
from snas_cli.report.colours import COLOURS, DARK, LIGHT, Paper
from snas_cli.report.curves import finals_of
from snas_cli.search.account import Account
from snas_cli.search.lineage import OperatorRecord
from snas_cli.search.wording import Measure, cost_text, objective_text, objective_title

SHAPES = ("circle", "square", "diamond")
HEIGHT = 280

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Look:
    """Of a viewer's page."""

    dark: bool = False

    @property
    def paper(self) -> Paper:
        return DARK if self.dark else LIGHT

    @property
    def colours(self) -> Sequence[str]:
        return self.paper.colours

    @property
    def ink(self) -> str:
        return self.paper.ink


def _families(trials: Sequence[Trial]) -> list[str]:
    return sorted({trial.genome.family for trial in trials})


def _marks(chart: Any, families: Sequence[str], shown: Sequence[str], look: Look) -> Any:
    """A colour and a shape for each family of the run, as in the report."""
    colours = [look.colours[i % len(COLOURS)] for i in range(len(families))]
    shapes = [SHAPES[i // len(COLOURS) % len(SHAPES)] for i in range(len(families))]
    legend = alt.Legend(orient="bottom", columns=3, title=None, symbolOpacity=1, values=shown)
    return chart.encode(
        color=alt.Color("family:N", scale=alt.Scale(domain=families, range=colours), legend=legend),
        # Else what is hollow could not be seen.
        stroke=alt.Stroke("family:N", scale=alt.Scale(domain=families, range=colours), legend=None),
        shape=alt.Shape("family:N", scale=alt.Scale(domain=families, range=shapes), legend=legend),
    )


def _scored(measure: Measure, column: str) -> Any:
    return alt.Y(f"{column}:Q", title=measure.name, axis=_axis(measure), scale=SCALE)


def _axis(measure: Measure) -> Any:
    return alt.Axis(format=".4~g") if measure.metric is None else alt.Axis(labelExpr=PERCENT)


PERCENT = "format(100 * datum.value, '.4~g') + ' %'"
SCALE = alt.Scale(zero=False, nice=False, padding=8)  # no mark is cut by the frame


def _finished(chart: Any, height: int = HEIGHT) -> Any:
    """`height` is that of the chart without axes and legend, in pixels."""
    fitted = alt.AutoSizeParams(type="fit-x", contains="padding")
    return chart.properties(height=height, width="container", autosize=fitted)


# --- trials ---------------------------------------------------------------------------------------


def progress_chart(account: Account, look: Look) -> Any | None:
    """A mark for each trial, and the best so far as a line. None where no candidate has a score."""
    alive = [trial for trial in account.trials if trial.fitness is not None]
    if not alive:
        return None
    most = max(len(trial.rungs) for trial in alive)
    rows = [_row(trial, account.measure, most) for trial in alive]
    x = alt.X("trial:Q", title="trial", axis=alt.Axis(tickMinStep=1, format="d"))
    points = alt.Chart(alt.InlineData(values=rows)).mark_point(
        size=60, filled=True, strokeWidth=1.5
    )
    marks = _marks(points, _families(account.trials), _families(alive), look).encode(
        x=x,
        y=_scored(account.measure, "fitness"),
        fillOpacity=alt.condition("datum.full", alt.value(1), alt.value(0)),
        tooltip=[alt.Tooltip(f"{name}:N") for name in TOLD],
    )
    best = alt.Chart(alt.InlineData(values=_best_so_far(alive))).mark_line(
        interpolate="step-after", color=look.ink, strokeWidth=1.5
    )
    return _finished(best.encode(x=x, y=_scored(account.measure, "fitness")) + marks)


TOLD = ("what", "score", "parameters", "made by")


def _row(trial: Trial, measure: Measure, most: int) -> Row:
    params = trial.metrics.get("params")
    return {
        "trial": trial.number,
        "family": trial.genome.family,
        "fitness": trial.fitness,
        "full": len(trial.rungs) == most,
        "what": f"trial {trial.number}, {trial.genome.family}",
        "score": measure.trial_text(trial),
        "parameters": "unknown" if params is None else cost_text("params", params),
        "made by": trial.proposal.operator,
    }


def _best_so_far(alive: Sequence[Trial]) -> list[Row]:
    """It goes down where a trial is trained to a further rung than all before: their scores cannot
    be compared."""
    rows: list[Row] = []
    best = (0, float("-inf"))
    for trial in alive:
        assert trial.fitness is not None  # the caller leaves out what failed
        best = max(best, (len(trial.rungs), trial.fitness))
        rows.append({"trial": trial.number, "fitness": best[1]})
    return rows


def front_chart(account: Account, look: Look) -> Any | None:
    """All trials by the first two objectives, and the front as a line. None where one thing alone
    is sought, or none was judged."""
    front = account.front
    if not front:
        return None
    first, second = account.objectives[:2]
    furthest = len(front[0].rungs)
    shown = [t for t in account.trials if not t.failed and len(t.rungs) == furthest]
    members = {trial.number for trial in front}

    def row(trial: Trial) -> Row:
        values = (objective_text(each, trial, account.measure) for each in account.objectives)
        return {
            "first": _value(first.metric, trial),
            "second": _value(second.metric, trial),
            "family": trial.genome.family,
            "what": f"trial {trial.number}, {trial.genome.family}: {', '.join(values)}",
            "front": trial.number in members,
        }

    rows = [row(trial) for trial in shown]
    places = {
        "x": _placed(alt.X, "second", second, rows, account),
        "y": _placed(alt.Y, "first", first, rows, account),
    }
    points = alt.Chart(alt.InlineData(values=rows)).mark_point(size=60, filled=True)
    marks = _marks(points, _families(account.trials), _families(shown), look).encode(
        **places,
        opacity=alt.condition("datum.front", alt.value(1), alt.value(0.3)),
        tooltip=[alt.Tooltip("what:N", title="")],
    )
    line = alt.Chart(alt.InlineData(values=[row(trial) for trial in front])).mark_line(
        color=look.ink, strokeWidth=1.5
    )
    drawn = line.encode(**places) + marks if len(account.objectives) == 2 else marks
    return _finished(drawn)


def _value(metric: str | None, trial: Trial) -> float | None:
    return trial.fitness if metric is None else trial.metrics[metric]


def _placed(
    channel: Any, column: str, objective: Objective, rows: Sequence[Row], account: Account
) -> Any:
    """An objective along an axis, by factors where the report's is, too."""
    values = [row[column] for row in rows]
    by_factors = min(values) > 0 and max(values) > 20 * min(values)
    return channel(
        f"{column}:Q",
        title=objective_title(objective, account.measure),
        axis=_axis(account.measure) if objective.metric is None else alt.Axis(format="~s"),
        scale=alt.Scale(type="log", padding=8) if by_factors else SCALE,
    )


# --- generations ----------------------------------------------------------------------------------


def generations_charts(account: Account, look: Look) -> Iterator[tuple[str, Any]]:
    """Title and chart: best and mean, diversity, and the hypervolume where there is a front."""
    events = account.generations
    if not events:
        return
    scores = _melted(events, {"best": "best of the generation", "mean": "mean"})
    if scores:
        yield account.measure.name, _lines(scores, look, _scored(account.measure, "value"))
    yield (
        "diversity of the generation: 0 all alike, 1 as varied as can be",
        _lines(
            _melted(events, {"diversity": "diversity"}),
            look,
            alt.Y("value:Q", title="diversity", scale=alt.Scale(domain=[0, 1])),
            first=2,
        ),
    )
    if any("hypervolume" in event for event in events):
        yield (
            "hypervolume of the front so far; the first generation spans 1",
            _lines(
                _melted(events, {"hypervolume": "hypervolume"}),
                look,
                alt.Y("value:Q", title="hypervolume", scale=alt.Scale(zero=False)),
                first=3,
            ),
        )


def _melted(events: Sequence[Row], names: Mapping[str, str]) -> list[Row]:
    return [
        {
            "generation": event["generation"] + 1,
            "series": name,
            "value": event[key],
            "level": event.get("level"),
        }
        for event in events
        for key, name in names.items()
        if event.get(key) is not None
    ]


def _lines(
    rows: Sequence[Row], look: Look, y: Any, first: int = 0, step: str = "generation"
) -> Any:
    """`first` is the colour of the first series, `step` what is counted along the axis."""
    series = list(dict.fromkeys(row["series"] for row in rows))
    colours = [look.colours[(first + i) % len(COLOURS)] for i in range(len(series))]
    several = alt.Legend(orient="bottom", title=None) if len(series) > 1 else None
    level = ["level:N"] if any(row.get("level") is not None for row in rows) else []
    chart = alt.Chart(alt.InlineData(values=list(rows))).mark_line(point=True)
    drawn = chart.encode(
        x=alt.X(f"{step}:Q", title=step, axis=alt.Axis(tickMinStep=1, format="d")),
        y=y.title(None),  # a caption above says what it is; along so low an axis there is no room
        color=alt.Color("series:N", scale=alt.Scale(domain=series, range=colours), legend=several),
        tooltip=["series:N", f"{step}:Q", alt.Tooltip("value:Q", format=".4~g"), *level],
    )
    return _finished(drawn, 150)


# --- the last trainings ---------------------------------------------------------------------------


def training_charts(account: Account, look: Look) -> Iterator[tuple[str, Any]]:
    """Title and chart, epoch by epoch: losses of the network that was kept, accuracy of all
    finalists. None where nothing was trained again."""
    finals, metric = finals_of(account), account.measure.metric
    kept = -1 if account.winner is None else account.winner.number
    if kept in finals:
        names = {"val_loss": "validation", "train_loss": "training"}
        rows = [row for key, name in names.items() for row in _by_epoch(finals[kept], key, name)]
        title = f"loss of trial {kept}, which was kept; in training, of changed pictures"
        yield title, _lines(rows, look, alt.Y("value:Q"), step="epoch")
    if finals and metric is not None:
        rows = [
            row
            for number, epochs in finals.items()
            for row in _by_epoch(epochs, metric, f"trial {number}")
        ]
        scored = _scored(account.measure, "value")
        yield f"{account.measure.name} of the finalists", _lines(rows, look, scored, step="epoch")


def _by_epoch(epochs: Sequence[Row], key: str, name: str) -> list[Row]:
    return [
        {"epoch": epoch, "series": name, "value": each[key]} for epoch, each in enumerate(epochs, 1)
    ]


# --- operators and failures -----------------------------------------------------------------------


def operators_chart(records: Sequence[OperatorRecord], look: Look) -> Any | None:
    """How many children of each operator beat their better parent, and how many did not."""
    rows = [
        {"operator": record.operator, "what": what, "children": count}
        for record in records
        if record.bred
        for what, count in (("better", record.better), ("not better", record.bred - record.better))
    ]
    if not rows:
        return None
    colours = alt.Scale(domain=["better", "not better"], range=[look.colours[2], "#8888887f"])
    chart = alt.Chart(alt.InlineData(values=rows)).mark_bar()
    drawn = chart.encode(
        y=alt.Y("operator:N", title=None, sort=None),
        x=alt.X("children:Q", title="children, next to their parent", axis=alt.Axis(tickMinStep=1)),
        color=alt.Color("what:N", scale=colours, legend=alt.Legend(orient="bottom", title=None)),
        tooltip=["operator:N", "what:N", "children:Q"],
    )
    return _finished(drawn, 28 * len({row["operator"] for row in rows}))
