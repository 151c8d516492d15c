"""Drawings of a classifier's scores: what is taken for what, ROC curves, reliability.

Each takes the content of scores.json and gives an SVG that stands alone, 600 wide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil
from typing import Any
from unicodedata import east_asian_width

from snas_cli.report.colours import COLOURS

WIDTH = 600
RIGHT_COLOUR, WRONG_COLOUR = COLOURS[0], COLOURS[1]
UNDER_COLOUR = COLOURS[5]
LETTER = 6.6  # width of an average small letter in text of 11 pixels, in a wide font

# Beginning with the class of the drawing, so that it holds inside a page that styles `svg text`.
STYLE = """<style>
.scores text { font: 11px system-ui, sans-serif; fill: #222; }
.scores .axis { font-size: 12px; font-weight: 600; } .scores .quiet { fill: #666; }
.scores .on-dark { fill: #fff; } .scores .frame { fill: none; stroke: #888; }
.scores .grid { stroke: #ddd; } .scores .chance { stroke: #777; stroke-dasharray: 5 4; }
.scores .accuracy { stroke: #222; stroke-width: 2; }
.scores .curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
</style>"""


# --- what takes for what --------------------------------------------------------------------------


@dataclass(frozen=True)
class Matrix:
    """Where the cells of a confusion matrix lie."""

    classes: Sequence[str]
    left: float
    top: float
    cell: float

    @property
    def side(self) -> float:
        return self.cell * len(self.classes)

    @property
    def bottom(self) -> float:
        return self.top + self.side


def confusion_drawing(scores: Mapping[str, Any]) -> str:
    """Rows are true classes, shaded by the share of the row; with counts up to 20 classes."""
    classes = list(scores["classes"])
    names = [_cut(name, 16) for name in classes]
    longest = max(map(_width, names))
    matrix = _matrix(classes, longest)
    upright = longest > matrix.cell - 4
    foot = longest + 8 if upright else 18.0
    middle, side = matrix.left + matrix.side / 2, matrix.side
    body = [
        _key(middle),
        *_cells(scores["confusion"], matrix),
        f'<rect x="{matrix.left:.1f}" y="{matrix.top}" width="{side:.1f}" height="{side:.1f}" '
        'class="frame"/>',
        *_class_labels(names, matrix, upright=upright),
        _text(middle, matrix.bottom + foot + 18, "predicted class", "axis"),
        _sideways(matrix.left - longest - 18, matrix.top + side / 2, "true class"),
    ]
    return _svg("Confusion matrix", matrix.bottom + foot + 30, body)


def _matrix(classes: Sequence[str], longest: float) -> Matrix:
    """As large as names of `longest` pixels let it be; a small one stands in the middle."""
    left = longest + 38
    cell = min((WIDTH - left - 20) / len(classes), 110)
    return Matrix(classes, max(left, (WIDTH - cell * len(classes)) / 2), 46, cell)


def _cells(counts: Sequence[Sequence[int]], matrix: Matrix) -> Iterator[str]:
    """One for each count that is not 0."""
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            if count:
                yield _cell(matrix, (i, j), count, count / sum(row))


def _cell(matrix: Matrix, place: tuple[int, int], count: int, share: float) -> str:
    (i, j), cell = place, matrix.cell
    x, y = matrix.left + j * cell, matrix.top + i * cell
    colour = RIGHT_COLOUR if i == j else WRONG_COLOUR
    true, taken_for = (_printable(matrix.classes[k]) for k in place)
    title = f"{true} taken for {taken_for}: {count:,}, {share:.1%} of its row"
    drawn = (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{cell:.2f}" height="{cell:.2f}" fill="{colour}" '
        f'fill-opacity="{_shade(share):.3f}"><title>{escape(title)}</title></rect>'
    )
    if len(matrix.classes) > 20:
        return drawn
    size = min(14, cell * 0.45, cell * 0.9 / (0.6 * len(str(count))))
    tone = ' class="on-dark"' if share > 0.6 else ""
    return drawn + (
        f'<text x="{x + cell / 2:.1f}" y="{y + cell / 2 + size * 0.35:.1f}" text-anchor="middle" '
        f'pointer-events="none"{tone} style="font-size: {size:.1f}px">{count}</text>'
    )


def _shade(share: float) -> float:
    """Opacity; a single picture can be seen, too."""
    return 0.08 + 0.92 * share if share else 0.0


def _class_labels(names: Sequence[str], matrix: Matrix, *, upright: bool) -> Iterator[str]:
    """Beside the rows and below the columns; every third, say, where they would overlap."""
    every = ceil(11 / matrix.cell)
    for i in range(0, len(names), every):
        middle = (i + 0.5) * matrix.cell
        yield _text(matrix.left - 6, matrix.top + middle + 4, names[i], anchor="end")
        x, y = matrix.left + middle, matrix.bottom
        if upright:
            yield (
                f'<text transform="translate({x + 4:.1f} {y + 6:.1f}) rotate(-90)" '
                f'text-anchor="end">{escape(names[i])}</text>'
            )
        else:
            yield _text(x, y + 16, names[i])


def _key(middle: float) -> str:
    """What the two colours and their shades mean, on both sides of `middle`."""
    parts = []
    first = min(max(middle, 216), WIDTH - 216) - 206
    for x, colour, word in ((first, RIGHT_COLOUR, "right"), (first + 212, WRONG_COLOUR, "wrong")):
        parts += [
            f'<rect x="{x + 7 * step:.1f}" y="14" width="7" height="11" fill="{colour}" '
            f'fill-opacity="{_shade(step / 9):.3f}"/>'
            for step in range(10)
        ]
        parts.append(_text(x + 76, 24, f"{word}, 0–100 % of row", "quiet", anchor="start"))
    return "".join(parts)


# --- ROC ------------------------------------------------------------------------------------------

LEFT, TOP, SIDE = 56, 16, 345  # of the square that the two diagrams below have


@dataclass(frozen=True)
class Line:
    """A curve, or a class that has none, and its entry in the legend."""

    name: str
    area: float | None
    points: Mapping[str, Sequence[float]] | None
    colour: str
    dashes: str = "none"


def roc_drawing(scores: Mapping[str, Any]) -> str:
    """A line for each of up to 10 classes; for more, the mean and the 5 worst."""
    lines = list(_lines(scores))
    body = [_axes("false positive rate", "true positive rate"), _diagonal()]
    # The first in the legend lies on top.
    body += [_curve(line) for line in reversed(lines) if line.points]
    body += [_entry(line, TOP + 34 + 19 * i) for i, line in enumerate(lines)]
    body.append(_text(LEFT + SIDE + 18, TOP + 12, _legend_title(scores), "axis", anchor="start"))
    body.append(_text(WIDTH - 8, TOP + 12, "AUC", "axis", anchor="end"))
    if all(line.points is None for line in lines):
        body += [
            _text(LEFT + SIDE * 0.7, TOP + SIDE * 0.75 + 18 * i, sentence)
            for i, sentence in enumerate(("No class has both pictures", "of it and of others."))
        ]
    return _svg("ROC curves, one class against the rest", TOP + SIDE + 52, body)


def _legend_title(scores: Mapping[str, Any]) -> str:
    return "class" if len(scores["classes"]) <= 10 else "mean and worst 5"


def _lines(scores: Mapping[str, Any]) -> Iterator[Line]:
    areas = {name: row["roc_auc"] for name, row in scores["classes"].items()}
    chosen = list(areas)
    if len(areas) > 10:
        known = [name for name in chosen if areas[name] is not None]
        chosen = sorted(known, key=lambda name: float(areas[name]))[:5]
        count = f"mean of {len(known)}"
        yield Line(count, scores["macro"]["roc_auc"], scores["roc"]["macro"], "#222")
    for i, name in enumerate(chosen):
        dashes = "none" if i < len(COLOURS) else "6 2"  # the colours begin again
        points = scores["roc"]["classes"][name]
        yield Line(_cut(name, 15), areas[name], points, COLOURS[i % len(COLOURS)], dashes)


def _curve(line: Line) -> str:
    assert line.points is not None  # only those that have some are drawn
    xs, ys = line.points["false_positive_rate"], line.points["true_positive_rate"]
    corners = " ".join(f"{_x(x)},{_y(y)}" for x, y in zip(xs, ys, strict=True))
    return (
        f'<polyline points="{corners}" class="curve" stroke="{line.colour}" '
        f'stroke-dasharray="{line.dashes}"/>'
    )


def _entry(line: Line, y: float) -> str:
    x, tone = LEFT + SIDE + 18, "" if line.points else "quiet"
    swatch = (
        f'<line x1="{x}" x2="{x + 20}" y1="{y - 4}" y2="{y - 4}" stroke="{line.colour}" '
        f'stroke-width="2.5" stroke-dasharray="{line.dashes}"/>'
    )
    area = "–" if line.area is None else f"{line.area:.3f}"
    return "".join([
        swatch if line.points else "",
        _text(x + 26, y, line.name, tone, anchor="start"),
        _text(WIDTH - 8, y, area, tone, anchor="end"),
    ])  # fmt: skip


# --- reliability ----------------------------------------------------------------------------------


def reliability_drawing(scores: Mapping[str, Any]) -> str:
    """Accuracy in bins of confidence, the gap to it, and how many pictures each bin holds."""
    calibration = scores["calibration"]
    filled = [each for each in calibration["bins"] if each["pictures"]]
    body = [_axes("", "accuracy"), *map(_bar, filled), _diagonal(), *_histogram(filled)]
    facts = [
        ("ECE, 15 bins", f"{100 * calibration['error']:.2f} %"),
        ("accuracy", f"{100 * scores['accuracy']:.2f} %"),
        ("mean confidence", f"{100 * calibration['confidence']:.2f} %"),
        ("pictures", f"{scores['pictures']:,}"),
    ]
    for i, (name, value) in enumerate(facts):
        y, look = TOP + 12 + 19 * i, "" if i else "axis"
        body.append(_text(LEFT + SIDE + 18, y, name, look, anchor="start"))
        body.append(_text(WIDTH - 8, y, value, look, anchor="end"))
    body += _reliability_key(TOP + 112)
    return _svg("Reliability diagram", TOP + SIDE + 132, body)


def _bar(each: Mapping[str, Any]) -> str:
    """A line at the accuracy, and the gap between it and the mean confidence."""
    x, width = LEFT + SIDE * each["low"] + 1, SIDE * (each["high"] - each["low"]) - 2
    low, high = sorted((each["accuracy"], each["confidence"]))
    title = (
        f"confidence {each['low']:.2f}–{each['high']:.2f}: {each['pictures']:,} pictures, mean "
        f"confidence {each['confidence']:.1%}, accuracy {each['accuracy']:.1%}"
    )
    gap = UNDER_COLOUR if each["accuracy"] > each["confidence"] else WRONG_COLOUR
    at = _y(each["accuracy"])
    return (
        f"<g><title>{title}</title>"
        f'<rect x="{x:.1f}" y="{_y(low)}" width="{width:.1f}" height="{SIDE * low:.1f}" '
        f'fill="{RIGHT_COLOUR}"/>'
        f'<rect x="{x:.1f}" y="{_y(high)}" width="{width:.1f}" height="{SIDE * (high - low):.1f}" '
        f'fill="{gap}" fill-opacity="0.6"/>'
        f'<line x1="{x:.1f}" x2="{x + width:.1f}" y1="{at}" y2="{at}" class="accuracy"/></g>'
    )


def _histogram(filled: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Under the diagram, on the same axis of confidence."""
    top, height = TOP + SIDE + 26, 74
    total = sum(each["pictures"] for each in filled)
    most = max(each["pictures"] for each in filled) / total
    for each in filled:
        share = each["pictures"] / total
        tall = (height - 14) * share / most
        x, width = LEFT + SIDE * each["low"] + 1, SIDE * (each["high"] - each["low"]) - 2
        yield (
            f'<rect x="{x:.1f}" y="{top + height - tall:.1f}" width="{width:.1f}" '
            f'height="{tall:.1f}" fill="#999"><title>{each["pictures"]:,} pictures</title></rect>'
        )
        if share == most:
            middle = min(x + width / 2, LEFT + SIDE - 18)
            yield _text(middle, top + height - tall - 3, f"{100 * share:.0f} %", "quiet")
    yield f'<rect x="{LEFT}" y="{top}" width="{SIDE}" height="{height}" class="frame"/>'
    yield _text(LEFT + SIDE / 2, top + height + 20, "confidence", "axis")
    yield _sideways(16, top + height / 2, "pictures")


def _reliability_key(top: float) -> Iterator[str]:
    x = LEFT + SIDE + 18
    for i, (colour, word) in enumerate(
        ((WRONG_COLOUR, "gap: too confident"), (UNDER_COLOUR, "gap: not enough"))
    ):
        yield (
            f'<rect x="{x}" y="{top + 19 * i - 9}" width="20" height="10" fill="{colour}" '
            'fill-opacity="0.6"/>'
        )
        yield _text(x + 26, top + 19 * i, word, anchor="start")
    for i, (look, word) in enumerate((("accuracy", "accuracy"), ("chance", "no gap at all")), 2):
        y = top + 19 * i
        yield f'<line x1="{x}" x2="{x + 20}" y1="{y - 4}" y2="{y - 4}" class="{look}"/>'
        yield _text(x + 26, y, word, anchor="start")


# --- what the drawings have in common -------------------------------------------------------------


def _x(value: float) -> str:
    return f"{LEFT + SIDE * value:.1f}"


def _y(value: float) -> str:
    return f"{TOP + SIDE * (1 - value):.1f}"


def _axes(below: str, beside: str) -> str:
    """A square from 0 to 1 in both directions, with its grid."""
    parts = []
    for value in (0, 0.2, 0.4, 0.6, 0.8, 1):
        x, y = _x(value), _y(value)
        parts.append(f'<line x1="{x}" x2="{x}" y1="{_y(0)}" y2="{_y(1)}" class="grid"/>')
        parts.append(f'<line x1="{_x(0)}" x2="{_x(1)}" y1="{y}" y2="{y}" class="grid"/>')
        parts.append(_text(LEFT + SIDE * value, TOP + SIDE + 16, f"{value:g}", "quiet"))
        parts.append(_text(LEFT - 6, float(y) + 4, f"{value:g}", "quiet", anchor="end"))
    parts.append(f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" class="frame"/>')
    parts.append(_text(LEFT + SIDE / 2, TOP + SIDE + 38, below, "axis"))
    parts.append(_sideways(16, TOP + SIDE / 2, beside))
    return "".join(parts)


def _diagonal() -> str:
    return f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" class="chance"/>'


def _svg(label: str, height: float, body: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'width="{WIDTH}" height="{height:.0f}" class="scores" role="img" aria-label="{label}">'
        f'{STYLE}<rect width="100%" height="100%" fill="#fff"/>{"".join(body)}</svg>\n'
    )


def _text(x: float, y: float, words: str, look: str = "", anchor: str = "middle") -> str:
    named = f' class="{look}"' if look else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(words)}</text>'


def _sideways(x: float, y: float, words: str) -> str:
    return (
        f'<text transform="translate({x:.1f} {y:.1f}) rotate(-90)" text-anchor="middle" '
        f'class="axis">{escape(words)}</text>'
    )


def _cut(name: str, most: float) -> str:
    """A name that is longer than `most` letters without its middle: names of a kind often differ
    at the end only."""
    shown = _printable(name)
    start, end = shown, shown[-(int(most) // 3) :]
    if _letters(shown) <= most:
        return shown
    while _letters(f"{start}…{end}") > most:
        start, end = (start[:-1], end) if len(start) > 1 else (start, end[1:])
    return f"{start}…{end}"


def _printable(name: str) -> str:
    """Names are a stranger's: control characters, which XML has none of, become �."""
    return "".join(letter if letter.isprintable() else "�" for letter in name)


def _letters(words: str) -> float:
    """As many small letters are as wide; Chinese, say, takes twice the width."""
    return sum(
        2 if east_asian_width(letter) in "WF" else 1.2 if letter.isupper() else 1
        for letter in words
    )


def _width(words: str) -> float:
    return LETTER * _letters(words)
