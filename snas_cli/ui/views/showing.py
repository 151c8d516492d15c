"""What several views show alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from snas_cli.errors import SnasError
from snas_cli.report.pictures import Part, standing_alone
from snas_cli.ui.charts import Look
from snas_cli.ui.errands import Errand
from snas_cli.ui.recorded import FAILED, FINISHED, RUNNING, STARTING, STOPPED

EVERY = 2.0  # seconds between two looks at what is at work
BADGES = {
    RUNNING: ("blue", ":material/play_arrow:"),
    STARTING: ("blue", ":material/hourglass_top:"),
    FINISHED: ("green", ":material/check:"),
    STOPPED: ("orange", ":material/pause:"),
    FAILED: ("red", ":material/error:"),
}


def look() -> Look:
    return Look(dark=st.context.theme.type == "dark")


def badge(state: str) -> None:
    colour, icon = BADGES[state]
    st.badge(state, color=colour, icon=icon)  # type: ignore[arg-type]


def chart(drawn: Any | None, otherwise: str) -> None:
    if drawn is None:
        st.caption(plain(otherwise))
    else:
        st.altair_chart(drawn, width="stretch")


def plain(text: str) -> str:
    """Text that Markdown takes for text: names of files and classes are a stranger's."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()<>#+!|~:$&^" else sign for sign in text)


def charts(titled: Iterable[tuple[str, Any]], otherwise: str) -> None:
    """Each below its title."""
    none = True
    for title, drawn in titled:
        none = False
        st.caption(title)
        chart(drawn, "")
    if none:
        st.caption(plain(otherwise))


def html(text: str) -> None:
    """Of the report."""
    st.html(f'<div class="report">{text}</div>')


def report_part(part: Part) -> None:
    """As it is in report.html, in the colours of the page."""
    for piece in part.pieces:
        if piece.startswith("<svg"):
            st.image(standing_alone(piece, paper=look().paper), width="stretch")
        else:
            html(piece)


def table(rows: Sequence[Mapping[str, Any]], formats: Mapping[str, str] | None = None) -> None:
    """`formats`, by column, are those of Streamlit: numbers stay numbers, to be sorted by."""
    columns: Any = {
        name: st.column_config.NumberColumn(format=how) for name, how in (formats or {}).items()
    }
    st.dataframe(list(rows), hide_index=True, width="stretch", column_config=columns)


def log(errand: Errand, title: str = "Log") -> None:
    if errand.started():
        with st.expander(title):
            st.code(errand.text() or "nothing was printed yet", language=None, height=320)


def faults(lines: Sequence[str]) -> None:
    """What is wrong with the field above."""
    for line in lines:
        st.markdown(f":red[{plain(line)}]")


@st.fragment(run_every=EVERY)
def wait_for(errand: Errand, what: str) -> None:
    """Shows what it prints until it has ended."""
    if not errand.running():
        st.rerun()
    st.info(what)
    said = errand.last_text().strip()
    if said:
        st.code(said[-2000:], language=None)


def start(errand: Errand, arguments: Sequence[str], columns: int = 100) -> None:
    try:
        errand.start(arguments, columns)
    except SnasError as error:
        st.error(plain(str(error)))
        return
    st.rerun()


def complaint(errand: Errand) -> None:
    """What the latest process said was wrong, unless it is still at work."""
    said = "" if errand.running() else errand.complaint()
    if said:
        st.error(plain(said))
