"""The network that was kept, stage by stage: what comes out of each, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

from snas_cli.recipe.quantities import format_count
from snas_cli.report.charts import WIDTH, svg

ROW, HEAD, GAP = 24, 28, 10  # pixels high: a part, the titles, and what is between two boxes
INDENT = 14  # pixels, of the parts of a stage
NAME, KIND, SHAPE, PARAMS, FLOPS = 8, 150, 400, 520, 640  # where the columns stand
BAR = 72  # pixels wide at most
MOST = 60  # parts that are drawn

Layer = Mapping[str, Any]  # of best/layers.json, see snas_cli.training.layers


@dataclass(frozen=True)
class Box:
    """Of the drawing: one part, or several in a row that one stage holds."""

    parts: Sequence[Layer]

    @property
    def total(self) -> Layer:
        """What all of it does."""
        first, last = self.parts[0], self.parts[-1]
        if len(self.parts) == 1:
            return first
        sums = {key: sum(each[key] for each in self.parts) for key in ("params", "flops")}
        return {"name": _stage(first), "kind": f"stage of {len(self.parts)} parts",
                "shape": last["shape"], **sums}  # fmt: skip

    @property
    def rows(self) -> int:
        return 1 if len(self.parts) == 1 else 1 + len(self.parts)

    @property
    def height(self) -> int:
        return ROW * self.rows


def _stage(layer: Layer) -> str:
    """The path of what holds it; its own, where that is the network itself."""
    path: str = layer["name"]
    return path.rpartition(".")[0] or path


def layers_drawing(layers: Sequence[Layer] | None) -> str:
    """From top to bottom, as a picture meets them; bars are in proportion to the largest."""
    if layers is None:
        return (
            "<p>Not drawn: best/ has no layers.json, for nothing was trained or an earlier version "
            "of snas kept the network.</p>"
        )
    worth_showing = _worth_showing(layers)
    boxes = [Box(list(parts)) for _, parts in groupby(worth_showing[:MOST], _stage)]
    largest = {key: max((box.total[key] for box in boxes), default=0) or 1
               for key in ("params", "flops")}  # fmt: skip
    cut = (
        f"<p>The first {MOST} of {len(worth_showing)} parts.</p>"
        if len(worth_showing) > MOST
        else ""
    )
    height = HEAD + sum(box.height + GAP for box in boxes)
    body = "".join(_boxes(boxes, largest))
    return svg(height, "The network from input to output", _head() + body) + cut


def _boxes(boxes: Sequence[Box], largest: Mapping[str, int]) -> Iterator[str]:
    """With an arrow from each to the next."""
    top = HEAD
    for box in boxes:
        if top > HEAD:
            yield (
                f'<path d="M20 {top - GAP}v{GAP - 1}m-3.5 -4.5l3.5 4.5l3.5 -4.5" fill="none" '
                'class="best"/>'
            )
        yield (
            f'<rect x="0.5" y="{top}" width="{WIDTH - 1}" height="{box.height}" rx="4" '
            'fill="none" class="grid"/>'
        )
        yield _row(box.total, top, largest, stage=len(box.parts) > 1)
        if len(box.parts) > 1:
            for i, part in enumerate(box.parts, 1):
                yield _row(part, top + i * ROW, largest, indent=INDENT)
        top += box.height + GAP


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


def _row(
    layer: Layer, top: float, largest: Mapping[str, int], *, stage: bool = False, indent: int = 0
) -> str:
    middle = top + ROW / 2 + 4
    shape = "×".join(map(str, layer["shape"])) or "–"
    look = ' class="title"' if stage else ""
    words = (
        (NAME + indent, _cut(layer["name"], 20)), (KIND + indent, _cut(layer["kind"], 36)),
        (SHAPE, shape),
    )  # fmt: skip
    texts = "".join(f'<text x="{x}" y="{middle}"{look}>{escape(word)}</text>' for x, word in words)
    title = f"<title>{escape(layer['name'])}: {escape(layer['kind'])}</title>"
    bars = _bar(layer["params"], largest["params"], PARAMS, top, 0)
    bars += _bar(layer["flops"], largest["flops"], FLOPS, top, 1)
    return f"<g>{title}{bars}{texts}</g>"


def _bar(value: int, largest: int, x: float, top: float, colour: int) -> str:
    width = max(BAR * value / largest, 0)
    return (
        f'<rect x="{x}" y="{top + ROW - 9}" width="{width:.1f}" height="4" class="mark c{colour}" '
        f'stroke-width="0"/><text x="{x}" y="{top + ROW - 11}">{format_count(value)}</text>'
    )


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
