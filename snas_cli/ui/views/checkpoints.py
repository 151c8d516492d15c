"""The checkpoints of a run, each to be gone on from; the recipe; deleting the run."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from snas_cli.recipe.quantities import format_bytes
from snas_cli.registry import Registry
from snas_cli.ui.places import Places
from snas_cli.ui.recorded import RUNNING, checkpoints_of, state_of
from snas_cli.ui.views.runs import delete_button
from snas_cli.ui.views.watch import go_on


def show_checkpoints(places: Places, _registry: Registry, name: str) -> None:
    run, busy = places.run(name), state_of(places, name) == RUNNING
    st.write(
        "The journal alone is enough to resume. A checkpoint helps where the journal is damaged: "
        "what it holds is put back."
    )
    kept = list(checkpoints_of(run))
    if not kept:
        st.caption("There is no checkpoint yet; the first comes with a generation's end.")
    for checkpoint in kept:
        written = datetime.fromtimestamp(checkpoint.path.stat().st_mtime).astimezone()
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            st.write(
                f"generation {checkpoint.generation}, {written:%Y-%m-%d %H:%M}, "
                f"{format_bytes(checkpoint.nbytes)}"
            )
            if st.button("Resume from it", key=checkpoint.path.name, disabled=busy):
                go_on(places, name, [str(checkpoint.path)])
    recipe = run.recipe.read_text(encoding="utf-8")
    with st.expander("The recipe, with every key"):
        st.code(recipe, language="yaml", height=320)
    with st.container(horizontal=True):
        st.download_button("Download the recipe", recipe, f"{name}.yaml", "application/yaml")
        if not busy:
            delete_button(places, name)
