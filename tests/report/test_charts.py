"""Charts: every trial has its mark, whatever there is to draw, and axes have round numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snas_cli.api import ACCURACY, Objective, Trial
from snas_cli.report.axes import axis, round_numbers
from snas_cli.report.charts import WIDTH, front_chart, progress_chart
from snas_cli.report.generations import generations_chart
from snas_cli.report.marks import Entry, Marks, best_line, legend
from snas_cli.search.ranking import front
from snas_cli.search.wording import Measure
from tests.search.runs import JOURNAL, trials

ACCURATE = Measure("validation accuracy", "val_acc")
PARAMS = Objective("params", "params")
FINITE = st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: round(x, 6))


def drawing(html: str) -> ET.Element:
    """The chart, with its legend."""
    found = re.match(r'<div class="wide">(<svg.*?</svg>)</div>', html)
    assert found
    return ET.fromstring(found[1])  # noqa: S314 - our own


def texts(html: str) -> list[str]:
    return ["".join(element.itertext()) for element in drawing(html).iter("text")]


def test_every_trial_that_was_judged_has_a_mark() -> None:
    chart = progress_chart(trials(), ACCURATE)
    assert chart.count("<title>trial ") == 5
    assert "trial 4, wide, crossover+nudge: 75.00 %" in chart
    assert {"validation accuracy", "trial", "80 %"} <= set(texts(chart))


def test_scores_of_an_evaluator_are_no_percents() -> None:
    chart = progress_chart(trials(trained=False), Measure("fitness"))
    assert "%" not in chart
    assert {"fitness", "0.4", "0.8"} <= set(texts(chart))


def test_what_was_not_trained_in_full_is_hollow() -> None:
    assert "hollow" not in progress_chart(trials(), ACCURATE)
    further = [*trials()[:4], replace(trials()[4], rungs=(0.7, 0.75))]
    chart = progress_chart(further, ACCURATE)
    assert len(re.findall(r'class="mark hollow c\d"><title>', chart)) == 4
    assert "hollow: not trained in full" in chart


def test_many_families_differ_in_colour_or_shape() -> None:
    several = [
        replace(trial, proposal=replace(trial.proposal, genome=genome))
        for i, trial in enumerate((trials() * 2)[:14])
        if not trial.failed
        for genome in [replace(trial.genome, family=f"family {i:02}")]
    ]
    entries = Marks(several).entries(several)
    assert len({entry.sign(0, 0) for entry in entries}) == len(several)
    chart = progress_chart(several, ACCURATE)
    assert {entry.words for entry in entries} <= set(texts(chart))


def test_a_legend_takes_as_many_lines_as_it_needs() -> None:
    entries = [Entry("a name of thirty letters, about", best_line)] * 10
    drawn, height = legend(entries, top=100, left=60, right=700)
    places = [tuple(map(float, place)) for place in re.findall(r'<text x="(.*?)" y="(.*?)"', drawn)]
    assert len(set(places)) == 10
    assert all(x + 31 * 6 < 700 for x, _ in places)
    assert all(100 < y < 100 + height for _, y in places)


def test_a_chart_of_nothing_says_so() -> None:
    assert "No candidate could be judged" in progress_chart([], ACCURATE)
    assert "No candidate could be judged" in progress_chart(trials()[5:], ACCURATE)
    assert "No generation is over" in generations_chart([], ACCURATE)


def test_a_chart_of_one_trial() -> None:
    assert drawing(progress_chart(trials()[:1], ACCURATE)) is not None
    one = trials()[:1]
    assert drawing(front_chart(one, one, (ACCURACY, PARAMS), ACCURATE)) is not None


def test_the_front_is_a_line_among_faint_marks() -> None:
    objectives = (ACCURACY, PARAMS)
    best = front(trials(), objectives)
    chart = front_chart(trials(), best, objectives, ACCURATE)
    assert chart.count("<title>trial ") == 5
    assert len(re.findall(r'class="faint"><\w+ [^>]*><title', chart)) == 5 - len(best)
    assert "trial 4, wide: 75.00 %, 5k" in chart
    assert {"validation accuracy", "parameters"} <= set(texts(chart))
    line = drawing(chart).find("polyline")
    assert line is not None
    assert len(line.attrib["points"].split()) == len(best)


def test_costs_that_differ_by_far_are_shown_by_factors() -> None:
    spread = [
        replace(trial, metrics={**trial.metrics, "params": 10 ** (3 + i)})
        for i, trial in enumerate(trials()[:5])
    ]
    chart = front_chart(spread, front(spread, (ACCURACY, PARAMS)), (ACCURACY, PARAMS), ACCURATE)
    assert {"1k", "10k", "100k", "1M", "10M"} <= set(texts(chart))


def test_three_objectives_have_no_line() -> None:
    objectives = (ACCURACY, PARAMS, Objective("flops", "flops"))
    chart = front_chart(trials(), front(trials(), objectives), objectives, ACCURATE)
    assert drawing(chart).find("polyline") is None


def summaries() -> list[dict[str, object]]:
    return [event for event in JOURNAL if event["event"] == "generation"][:2]


def test_generations_have_points_levels_and_a_panel_for_what_there_is() -> None:
    chart = generations_chart(summaries(), ACCURATE)
    assert chart.count("<circle") == 2 * 3
    assert {"level 1", "level 2", "generation"} <= set(texts(chart))
    assert "hypervolume" not in chart
    with_front = [{**event, "hypervolume": 0.5} for event in summaries()]
    assert "hypervolume of the front" in generations_chart(with_front, ACCURATE)


def test_a_generation_in_which_all_failed_leaves_a_gap() -> None:
    first, second = summaries()
    gap = [first, {**second, "best": None, "mean": None}, {**second, "generation": 2}]
    chart = generations_chart(gap, Measure("fitness"))
    assert chart.count("<circle") == 2 + 2 + 3
    assert chart.count('class="curve c0"') == 0
    assert chart.count('class="curve c2"') == 2
    nothing = [{**first, "best": None, "mean": None}]
    assert drawing(generations_chart(nothing, ACCURATE)) is not None


@given(st.lists(FINITE, min_size=1, max_size=20))
def test_an_axis_holds_all_values(values: list[float]) -> None:
    found = axis(values, 0, 100)
    slack = 1e-8 * max(abs(value) for value in [1, *values])
    assert found.ticks[0] <= min(values) + slack
    assert found.ticks[-1] >= max(values) - slack
    assert 2 <= len(found.ticks) <= 7
    places = [found.at(value) for value in values]
    assert all(-1e-3 <= place <= 100 + 1e-3 for place in places)
    assert sorted(places) == [found.at(value) for value in sorted(values)]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.25, 0.5, 0.75, 1]),
        (0.41, 0.94, [0.4, 0.6, 0.8, 1.0]),
        (3, 3, [2.6, 2.8, 3.0, 3.2, 3.4]),
        (-130, 90, [-200, -100, 0, 100]),
    ],
)
def test_round_numbers(low: float, high: float, ticks: Sequence[float]) -> None:
    assert round_numbers(low, high) == pytest.approx(ticks)


def test_marks_stay_on_the_drawing() -> None:
    made: list[Trial] = trials()
    for circle in drawing(progress_chart(made, ACCURATE)).iter("circle"):
        assert 0 <= float(circle.attrib["cx"]) <= WIDTH
