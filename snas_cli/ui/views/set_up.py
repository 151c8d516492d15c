"""Sets a search up: pictures, networks, search, training, computer; the recipe; the start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from snas_cli.errors import RecipeError, SnasError
from snas_cli.recipe.document import Document
from snas_cli.registry import Registry
from snas_cli.ui.form import (
    SECTIONS,
    Faults,
    Field,
    choices_of,
    default_of,
    document_of,
    faults_of,
    help_of,
    name_fault,
    read_recipe,
    recipe_text,
    stem_of,
)
from snas_cli.ui.machine import look
from snas_cli.ui.places import Places
from snas_cli.ui.starting import start_search
from snas_cli.ui.views.pictures import check_pictures, choose_pictures
from snas_cli.ui.views.showing import faults, plain

OPEN = "Search"  # the section that most people change something in

Slots = Mapping[str, DeltaGenerator]  # below each field: room for what is wrong with it


def show_set_up(places: Places, registry: Registry, runs_page: Any) -> None:
    st.title("New search")
    st.subheader("Pictures", anchor=False)
    data = choose_pictures(places, registry)
    check_pictures(places, data)
    values, slots = _sections(registry)
    document = document_of({**data, **values})
    wrong = faults_of(document, registry) if data else {}
    _say_what_is_wrong(wrong, slots)
    st.subheader("Recipe", anchor=False)
    edited = _recipe(document, registry)
    ready = bool(data) and not wrong if edited is document else edited is not None
    _start(places, edited or document, runs_page, ready=ready)


# --- fields ---------------------------------------------------------------------------------------


def _sections(registry: Registry) -> tuple[dict[str, Any], Slots]:
    values: dict[str, Any] = {}
    slots: dict[str, DeltaGenerator] = {}
    for title, fields in SECTIONS.items():
        with st.expander(title, expanded=title == OPEN):
            if title == "This computer":
                _machine()
            for first in range(0, len(fields), 2):
                for column, field in zip(st.columns(2), fields[first : first + 2], strict=False):
                    with column:
                        values[field.key] = _filled_in(field, registry)
                        slots[field.key] = st.container()
    return values, slots


@st.fragment(run_every=10.0)
def _machine() -> None:
    machine = look()
    st.caption(plain(machine.in_words()))
    for gpu in machine.gpus:
        st.caption(plain(f"GPU {gpu.in_words()}"))
    if not machine.gpus:
        st.caption("No GPU: networks are trained on the cores.")


def _filled_in(field: Field, registry: Registry) -> Any:
    """What is in a field; None where the default is to be."""
    default = default_of(field.key)
    kept: dict[str, Any] = {
        "key": field.key,
        "persist_state": "session",
        "help": help_of(field.key),
    }
    match field.kind:
        case "switch":
            return st.toggle(field.label, value=default, **kept)
        case "one":
            options = choices_of(field, registry)
            return st.selectbox(field.label, options, index=options.index(default), **kept)
        case "several":
            return st.multiselect(
                field.label, choices_of(field, registry), default=default, placeholder="all", **kept
            )
        case "whole" | "number":
            step = 1 if field.kind == "whole" else 1.0
            shown = "" if default is None else f"{default}"
            return st.number_input(
                field.label, value=None, step=step, placeholder=shown or "as needed", **kept
            )
    example = f"such as {field.example}" if field.example else ""
    return st.text_input(field.label, placeholder=example, **kept)


def _say_what_is_wrong(wrong: Faults, slots: Slots) -> None:
    for key, lines in wrong.items():
        if key in slots:
            with slots[key]:
                faults(lines)
        else:
            faults([f"{key}: {line}" if key else line for line in lines])
    if wrong:
        st.error("Something above cannot be so; it is said in red, next to its field.")


# --- recipe ---------------------------------------------------------------------------------------


def _recipe(document: Document, registry: Registry) -> Document | None:
    """As the form makes it, or as it was edited; None where that cannot be used."""
    text = recipe_text(document)
    by_hand = st.toggle("Edit it by hand", key="by hand", on_change=_take_over, args=(text,))
    if not by_hand:
        st.code(text or "# nothing was chosen yet\n", language="yaml")
        _download(text)
        return document
    st.caption("The fields above have no say now. Paths are relative to where the page started.")
    edited = st.text_area("Recipe", key="recipe", height=320, label_visibility="collapsed")
    _download(edited or "")
    try:
        read = read_recipe(edited or "", Path.cwd())
    except RecipeError as error:
        faults(error.faults)
        return None
    wrong = [line for lines in faults_of(read, registry).values() for line in lines]
    faults(wrong)
    return None if wrong else read


def _take_over(text: str) -> None:
    st.session_state["recipe"] = text


def _download(text: str) -> None:
    st.download_button(
        "Download the recipe", text, "recipe.yaml", "application/yaml", on_click="ignore",
        icon=":material/download:", type="tertiary",
    )  # fmt: skip


def _start(places: Places, document: Document, runs_page: Any, *, ready: bool) -> None:
    free = places.free_name(stem_of(document))
    name = st.text_input("Name of the run", key="name", placeholder=free) or free
    fault = name_fault(name, places)
    if fault:
        faults([fault])
    if st.button(
        "Start the search", type="primary", icon=":material/play_arrow:",
        disabled=not ready or fault is not None,
    ):  # fmt: skip
        try:
            start_search(places, name, document)
        except SnasError as error:
            st.error(plain(str(error)))
            return
        st.switch_page(runs_page, query_params={"run": name})
