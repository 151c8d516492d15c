"""A chart of the report as notebooks show it."""

from __future__ import annotations

from dataclasses import dataclass

from snas_cli.report.colours import CHART_RULES, COLOURS, Paper

# Notebooks are light or dark and do not say which: what is between can be read on both.
_PAPER = Paper(COLOURS, ink="currentColor", quiet="#808080", line="#8884", paper="none")
_STYLE = f"""<style>
.snas {{ max-width: 48rem; }} .snas svg {{ width: 100%; height: auto; }}
{_PAPER.printed(CHART_RULES).replace(".chart", ".snas .chart")}
</style>"""


@dataclass(frozen=True)
class Drawing:
    """An SVG with its legend."""

    markup: str  # HTML, without colours

    def _repr_html_(self) -> str:
        """Notebooks call this. The style is kept to the drawing, for a page has others."""
        return f'{_STYLE}<div class="snas">{self.markup}</div>'
