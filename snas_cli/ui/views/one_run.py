"""One run: watch it, see its results, export its network, go back to its checkpoints."""

from __future__ import annotations

import streamlit as st

from snas_cli.errors import SnasError
from snas_cli.registry import Registry
from snas_cli.ui.places import SEARCH, Places
from snas_cli.ui.recorded import FAILED, STARTING, state_of
from snas_cli.ui.views.checkpoints import show_checkpoints
from snas_cli.ui.views.export import show_export
from snas_cli.ui.views.results import show_results
from snas_cli.ui.views.runs import delete_button
from snas_cli.ui.views.showing import EVERY, badge, complaint, log, plain
from snas_cli.ui.views.watch import show_watch

VIEWS = {
    "Watch": show_watch,
    "Results": show_results,
    "Export": show_export,
    "Checkpoints": show_checkpoints,
}


def show_run(places: Places, registry: Registry, name: str) -> None:
    try:
        known = places.taken(name)
    except SnasError:
        known = False
    if not known:
        st.error(plain(f"there is no run {name} in {places.runs}"))
        return
    try:
        state = state_of(places, name)
    except SnasError as error:
        st.error(plain(f"{name}: {error}"))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(plain(name), width="content", anchor=False)
        badge(state)
    if state in (STARTING, FAILED):
        _not_there_yet(places, name, state)
        return
    view = st.segmented_control(
        "View", VIEWS, key="view", default="Watch", required=True, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    try:
        VIEWS[view or "Watch"](places, registry, name)
    except SnasError as error:
        st.error(plain(str(error)))


def _not_there_yet(places: Places, name: str, state: str) -> None:
    errand = places.errand(name, SEARCH)
    if state == STARTING:
        _wait(places, name)
        return
    complaint(errand)
    recipe = places.beside(name) / "recipe.yaml"
    if recipe.exists():
        with st.expander("The recipe it was started by"):
            st.code(recipe.read_text(encoding="utf-8"), language="yaml")
    log(errand)
    delete_button(places, name)


@st.fragment(run_every=EVERY)
def _wait(places: Places, name: str) -> None:
    errand = places.errand(name, SEARCH)
    if state_of(places, name) != STARTING:
        st.rerun()
    st.info("It is starting: the pictures are read, and decoded where they are new.")
    st.code(errand.last_text()[-2000:] or " ", language=None)
    if st.button("Stop", icon=":material/stop:"):
        errand.stop()
