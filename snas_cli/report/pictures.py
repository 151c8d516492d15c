"""The report's drawings as files of their own: SVG that stands alone, and PNG."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

from snas_cli.errors import RunError, SnasError
from snas_cli.report.charts import WIDTH
from snas_cli.report.colours import CHART_RULES, LIGHT, SCORES_RULES, Paper
from snas_cli.runs.files import write_whole

NAMESPACE = "http://www.w3.org/2000/svg"
SCALE = 2  # pixels of a PNG for each of the drawing's
HEADING = 34  # pixels above a chart, for its heading
DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
CHART = re.compile(rf'<svg viewBox="0 0 {WIDTH} (?P<height>[\d.]+)" (?P<rest>class="chart".*)',
                   re.DOTALL)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """Of the report."""

    name: str  # of its pictures' files
    heading: str
    html: str

    @property
    def drawings(self) -> list[str]:
        return DRAWING.findall(self.html)

    @property
    def pieces(self) -> list[str]:
        """Drawings, and the HTML between them."""
        pieces = re.split(
            rf'<div class="wide">({DRAWING.pattern})</div>', self.html, flags=re.DOTALL
        )
        return [piece for piece in pieces if piece.strip()]

    @property
    def reason(self) -> str:
        """What it says instead of a drawing, in its first paragraph; nothing where it has none."""
        said = re.search(r"<p>(.*?)</p>", self.html, re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", "", said[1])).split()) if said else ""


@dataclass(frozen=True)
class Pictured:
    """What became of a part: files, or the reason why there is none."""

    part: Part
    files: tuple[Path, ...] = ()


def write_pictures(parts: Iterable[Part], folder: Path) -> Iterator[Pictured]:
    """A PNG for each drawing of the parts. Raises RunError, and SnasError where what draws them is
    not installed."""
    try:
        from vl_convert import svg_to_png
    except ImportError:
        raise SnasError("PNG needs vl-convert-python, which is not installed: "
                        "pip install 'snas[png]'") from None  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot make {folder}: {error.strerror}") from None
    for part in parts:
        files = []
        for number, drawing in enumerate(part.drawings, 1):
            path = folder / f"{part.name}{f'-{number}' if number > 1 else ''}.png"
            picture = svg_to_png(standing_alone(drawing, part.heading), scale=SCALE)
            _save(path, picture)
            files.append(path)
        yield Pictured(part, tuple(files))


def _save(path: Path, picture: bytes) -> None:
    write_whole(path, lambda partial: partial.write_bytes(picture))


def standing_alone(drawing: str, heading: str = "", paper: Paper = LIGHT) -> str:
    """A drawing of the report in its colours; a chart with a heading, too."""
    chart = CHART.fullmatch(drawing)
    if chart is None:
        style = "" if paper == LIGHT else f"<style>{paper.printed(SCORES_RULES)}</style>"
        opened = drawing.replace("<svg ", f'<svg xmlns="{NAMESPACE}" ', 1)
        return opened.replace("</svg>", f"{style}</svg>")
    above = HEADING if heading else 0
    height = float(chart["height"]) + above
    attributes, _, body = chart["rest"].partition(">")
    return (
        f'<svg xmlns="{NAMESPACE}" width="{WIDTH}" height="{height:g}" '
        f'viewBox="0 {-above} {WIDTH} {height:g}" {attributes}>'
        f"<style>{paper.printed(CHART_RULES)}</style>"
        f'<rect y="{-above}" width="100%" height="100%" fill="{paper.paper}"/>'
        f'<text x="8" y="{20 - above}" class="heading">{escape(heading)}</text>{body}'
    )
