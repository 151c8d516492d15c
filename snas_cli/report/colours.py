"""The colours of charts on light and on dark paper, and the rules by which they are drawn.

Charts name classes alone, c0 to c5 among them; a page hands them its variables, and a drawing that
stands alone has the colours themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Okabe & Ito 2008: told apart by the colour-blind too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DARK_COLOURS = ("#3b8ede", "#f0803c", "#2bbf95", "#e39ac3", "#f5b83d", "#a4dcff")


@dataclass(frozen=True)
class Paper:
    colours: Sequence[str]
    ink: str
    quiet: str  # of what stands at axes
    line: str  # of grids
    paper: str

    @property
    def _named(self) -> Mapping[str, str]:
        named = {"ink": self.ink, "quiet": self.quiet, "line": self.line, "paper": self.paper}
        return {**named, **{f"c{i}": colour for i, colour in enumerate(self.colours)}}

    @property
    def variables(self) -> str:
        """For a page's style."""
        return " ".join(f"--{name}: {colour};" for name, colour in self._named.items())

    def printed(self, rules: str) -> str:
        """Rules with colours in place of variables, which few programs but browsers know."""
        return re.sub(r"var\(--(\w+)\)", lambda found: self._named[found[1]], rules)


LIGHT = Paper(COLOURS, ink="#1a1a1a", quiet="#6b6b6b", line="#d9d9d9", paper="#ffffff")
DARK = Paper(DARK_COLOURS, ink="#e8e8e8", quiet="#a5a5a5", line="#3c3f44", paper="#16181b")

CHART_RULES = "\n".join((
    ".chart text { font: 12px system-ui, sans-serif; fill: var(--quiet); }",
    ".chart .title { font-size: 13px; fill: var(--ink); }",
    ".chart .heading { font-size: 17px; font-weight: 600; fill: var(--ink); }",
    ".chart .grid { stroke: var(--line); }",
    ".chart .best { fill: none; stroke: var(--ink); stroke-width: 1.5; }",
    ".chart .level { stroke: var(--quiet); stroke-dasharray: 3 4; }",
    ".chart .curve { stroke-width: 2; } .chart .faint { opacity: .3; }",
    *(f".chart .mark.c{i}, .chart .key.c{i} {{ fill: var(--c{i}); }} "
      f".chart .mark.c{i}, .chart .curve.c{i} {{ stroke: var(--c{i}); }}"
      for i in range(len(COLOURS))),
    ".chart .mark.hollow { fill: var(--paper); stroke-width: 1.5; }",
))  # fmt: skip

# Drawings of scores stand alone, on white; on a page they take its colours.
_SCORES = {"#fff": "var(--paper)", "#222": "var(--ink)",
           **{colour: f"var(--c{i})" for i, colour in enumerate(COLOURS)}}  # fmt: skip
SCORES_RULES = "\n".join((
    "svg.scores text { fill: var(--ink); } svg.scores .quiet { fill: var(--quiet); }",
    "svg.scores .on-dark { fill: #fff; } svg.scores .grid { stroke: var(--line); }",
    "svg.scores .accuracy { stroke: var(--ink); }",
    *(f'svg.scores [fill="{printed}"] {{ fill: {colour}; }} '
      f'svg.scores [stroke="{printed}"] {{ stroke: {colour}; }}'
      for printed, colour in _SCORES.items()),
))  # fmt: skip
