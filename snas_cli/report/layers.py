"""The network that was kept, part by part: what comes out of each, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from snas_cli.recipe.quantities import format_count
from snas_cli.report.charts import WIDTH, svg

ROW, HEAD = 24, 34  # pixels high
NAME, KIND, SHAPE, PARAMS, FLOPS = 8, 150, 400, 520, 640  # where the columns stand
BAR = 72  # pixels wide at most
MOST = 60  # parts that are drawn

Layer = Mapping[str, Any]  # of best/layers.json, see snas_cli.training.layers


def layers_drawing(layers: Sequence[Layer] | None) -> str:
    """From top to bottom, as a picture meets them; bars are in proportion to the largest part."""
    if layers is None:
        return (
            "<p>Not drawn: best/ has no layers.json, for nothing was trained or an earlier version "
            "of snas kept the network.</p>"
        )
    worth_showing = _worth_showing(layers)
    shown = worth_showing[:MOST]
    largest = {key: max(*(each[key] for each in layers), 1) for key in ("params", "flops")}
    rows = "".join(_row(each, HEAD + i * ROW, largest) for i, each in enumerate(shown))
    cut = (
        f"<p>The first {MOST} of {len(worth_showing)} parts.</p>"
        if len(worth_showing) > MOST
        else ""
    )
    height = HEAD + ROW * len(shown) + 6
    return svg(height, "The network from input to output", _head() + rows) + cut


def _worth_showing(layers: Sequence[Layer]) -> list[Layer]:
    """Without what changes neither shape nor cost: activations and dropout between the blocks."""
    before = [[], *(each["shape"] for each in layers)]
    return [
        each for each, shape in zip(layers, before, strict=False)
        if each["params"] or each["flops"] or each["shape"] != shape
    ]  # fmt: skip


def _head() -> str:
    titles = ((NAME, "part"), (KIND, "kind"), (SHAPE, "comes out"), (PARAMS, "parameters"),
              (FLOPS, "FLOPs"))  # fmt: skip
    return "".join(f'<text x="{x}" y="16" class="title">{title}</text>' for x, title in titles)


def _row(layer: Layer, top: float, largest: Mapping[str, int]) -> str:
    middle = top + ROW / 2 + 4
    shape = "×".join(map(str, layer["shape"])) or "–"
    frame = (
        f'<rect x="0.5" y="{top + 1}" width="{WIDTH - 1}" height="{ROW - 4}" rx="3" fill="none" '
        'class="grid"/>'
    )
    words = ((NAME, _cut(layer["name"], 22)), (KIND, _cut(layer["kind"], 38)), (SHAPE, shape))
    texts = "".join(f'<text x="{x}" y="{middle}">{escape(word)}</text>' for x, word in words)
    title = f"<title>{escape(layer['name'])}: {escape(layer['kind'])}</title>"
    bars = _bar(layer["params"], largest["params"], PARAMS, top, 0)
    bars += _bar(layer["flops"], largest["flops"], FLOPS, top, 1)
    return f"<g>{title}{frame}{bars}{texts}</g>"


def _bar(value: int, largest: int, x: float, top: float, colour: int) -> str:
    width = max(BAR * value / largest, 0)
    return (
        f'<rect x="{x}" y="{top + ROW - 9}" width="{width:.1f}" height="4" class="mark c{colour}" '
        f'stroke-width="0"/><text x="{x}" y="{top + ROW - 11}">{format_count(value)}</text>'
    )


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
