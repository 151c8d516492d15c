"""A chart of the report as notebooks show it."""

from __future__ import annotations

from dataclasses import dataclass

# The classes that report/charts.py draws with, in the colours of Okabe & Ito 2008.
_STYLE = """<style>
.snas { color-scheme: light dark; max-width: 48rem; font: 14px/1.5 system-ui, sans-serif;
  --line: #8884; --quiet: #808080; --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7;
  --c4: #e69f00; --c5: #56b4e9; }
.snas svg { width: 100%; height: auto; }
.snas svg text { font-size: 12px; fill: var(--quiet); }
.snas svg .title { font-size: 13px; fill: currentColor; } .snas .grid { stroke: var(--line); }
.snas .best { fill: none; stroke: currentColor; stroke-width: 1.5; }
.snas .curve { stroke-width: 2; } .snas .faint { opacity: .3; }
.snas .c0 { --c: var(--c0); } .snas .c1 { --c: var(--c1); } .snas .c2 { --c: var(--c2); }
.snas .c3 { --c: var(--c3); } .snas .c4 { --c: var(--c4); } .snas .c5 { --c: var(--c5); }
.snas .mark { fill: var(--c); } .snas .mark, .snas .curve { stroke: var(--c); }
.snas .hollow { fill: none; stroke-width: 1.5; }
.snas .legend span { margin-right: 1.2rem; white-space: nowrap; }
.snas .legend svg { width: .75rem; height: .75rem; margin-right: .4rem; }
.snas .legend b { display: inline-block; width: 1.2rem; border-top: 2px solid;
  margin-right: .4rem; vertical-align: middle; }
</style>"""


@dataclass(frozen=True)
class Drawing:
    """An SVG with its legend."""

    markup: str  # HTML, without colours

    def _repr_html_(self) -> str:
        """Notebooks call this. The style is kept to the drawing, for a page has others."""
        return f'{_STYLE}<div class="snas">{self.markup}</div>'
