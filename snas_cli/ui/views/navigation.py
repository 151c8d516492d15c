"""The two pages, Runs and New search; `?run=NAME` stands for one run."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from snas_cli.registry import Registry
from snas_cli.ui.places import Places
from snas_cli.ui.views.one_run import show_run
from snas_cli.ui.views.runs import show_runs
from snas_cli.ui.views.set_up import show_set_up

STYLE = """<style>
.block-container { padding-top: 4.5rem; }
.report table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
.report th, .report td { text-align: left; padding: .3rem .9rem .3rem 0;
  border-bottom: 1px solid #8884; vertical-align: top; }
.report th { font-weight: 600; opacity: .7; } .report .results td:last-child { font-weight: 700; }
.report .wide { overflow-x: auto; margin-bottom: .6rem; }
</style>"""


# A network of three. The icons that Streamlit has by name are fetched from elsewhere.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    '<path d="M4 12 8 4l4 8z" fill="none" stroke="#0072b2" stroke-width="1.5"/>'
    '<g fill="#0072b2"><circle cx="8" cy="4" r="3"/><circle cx="4" cy="12" r="3"/>'
    '<circle cx="12" cy="12" r="3"/></g></svg>'
)


def show(runs: Path) -> None:
    st.set_page_config(page_title="snas", page_icon=ICON)
    places, registry = Places(runs), _registry()
    st.html(STYLE)

    def all_runs() -> None:
        name = st.query_params.get("run")
        if name is None:
            show_runs(places, registry, new_page)
        else:
            show_run(places, registry, name)

    def new_search() -> None:
        show_set_up(places, registry, runs_page)

    runs_page = st.Page(all_runs, title="Runs", default=True)
    new_page = st.Page(new_search, title="New search", url_path="new")
    st.navigation([runs_page, new_page], position="top").run()


@st.cache_resource
def _registry() -> Registry:
    return Registry.installed()
