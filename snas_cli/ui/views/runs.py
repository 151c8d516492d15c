"""All runs: open one, delete one."""

from __future__ import annotations

from typing import Any

import streamlit as st

from snas_cli.errors import RecipeError, RunError, SnasError
from snas_cli.registry import Registry
from snas_cli.report.page import best_of
from snas_cli.search.account import recorded_recipe
from snas_cli.search.wording import costs_of, measure_of, percent
from snas_cli.ui.places import SEARCH, Places
from snas_cli.ui.recorded import FAILED, RUNNING, STARTING, state_of
from snas_cli.ui.views.showing import EVERY, badge, plain

SHOWN = 20  # runs, before one asks for more


def show_runs(places: Places, registry: Registry, new_page: Any) -> None:
    st.title("Runs")
    names = places.names()
    if not names:
        st.write("There is no run yet.")
    if st.button("New search", type="primary", icon=":material/add:"):
        st.switch_page(new_page)
    for fault in registry.broken:
        st.warning(plain(f"the plugin {fault.origin} cannot be used: {fault.reason}"))
    _list(places)


@st.fragment(run_every=EVERY)
def _list(places: Places) -> None:
    names = places.names()
    many = st.session_state.get("runs.shown", SHOWN)
    for name in names[:many]:
        _card(places, name)
    if len(names) > many and st.button(f"Show {len(names) - many} more"):
        st.session_state["runs.shown"] = len(names)
        st.rerun(scope="fragment")


def _card(places: Places, name: str) -> None:
    try:
        state = state_of(places, name)
    except RunError as error:
        st.error(plain(f"{name}: {error}"))
        return
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(name, type="tertiary", key=f"open {name}", help="Open this run"):
                st.query_params["run"] = name
                st.rerun()
            badge(state)
            st.space("stretch")
            if state not in (RUNNING, STARTING):
                delete_button(places, name)
        st.caption(plain(_in_words(places, name, state)))


def _in_words(places: Places, name: str, state: str) -> str:
    if state == FAILED:
        return places.errand(name, SEARCH).complaint() or "it ended without a word"
    if state == STARTING:
        return "reading the pictures"
    run = places.run(name)
    reasons = [event["reason"] for event in run.trial_events()]
    failed = sum(reason is not None for reason in reasons)
    words = [f"{len(reasons)} trials", *([f"{failed} failed"] if failed else [])]
    try:
        measure, best = measure_of(recorded_recipe(run.recipe)), best_of(run)
    except (RecipeError, SnasError) as error:
        return str(error)
    if best is not None:
        words.append(f"{measure.name} {measure.text(measure.of(best))}")
        if "test_acc" in best and measure.metric is not None:
            words.append(f"test accuracy {percent(best['test_acc'])}")
        words.append(" ".join(filter(None, [best["family"], costs_of(best)])))
    return ", ".join(words)


def delete_button(places: Places, name: str) -> None:
    if st.button("Delete", key=f"delete {name}", icon=":material/delete:", type="tertiary"):
        _confirm(places, name)


@st.dialog("Delete a run?")
def _confirm(places: Places, name: str) -> None:
    st.write(plain(f"{places.run(name).path} goes, with its networks, checkpoints and exports."))
    st.write("This cannot be undone. Uploaded pictures stay.")
    with st.container(horizontal=True):
        if st.button("Delete it", type="primary"):
            _delete(places, name)
        if st.button("Keep it"):
            st.rerun()


def _delete(places: Places, name: str) -> None:
    try:
        places.delete(name)
    except SnasError as error:
        st.error(plain(str(error)))
        return
    st.query_params.clear()
    st.rerun()
