"""Files to deploy: choose formats, see how each compares with the network, download them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from snas_cli.recipe.quantities import format_bytes
from snas_cli.registry import Registry
from snas_cli.runs.files import read_json
from snas_cli.search.wording import percent
from snas_cli.ui.packing import zipped
from snas_cli.ui.places import Places
from snas_cli.ui.views.showing import complaint, log, plain, start, table, wait_for


def show_export(places: Places, registry: Registry, name: str) -> None:
    run, errand = places.run(name), places.errand(name, "export")
    if not (run.best / "metrics.json").exists():
        st.info("No network has been kept yet; the first comes with the first generation.")
        return
    names = [name for name in registry.names("exporter")
             if registry.exporter(name).available() is None]  # fmt: skip
    formats = st.pills(
        "Formats", names, selection_mode="multi", default=["onnx"], key="formats",
        format_func=lambda word: word, help="Each file is loaded where it will be served, and "
        "compared with the network on the test pictures.",
    )  # fmt: skip
    for each in formats:
        st.caption(plain(f"{each}: {registry.exporter(each).summary}"))
    busy = errand.running()
    if st.button("Export", type="primary", disabled=busy or not formats):
        start(errand, ["export", str(run.path), "--format", ",".join(formats)])
    if busy:
        wait_for(errand, "It is being written and compared.")
    complaint(errand)
    _written(run.export)
    log(errand)


def _written(folder: Path) -> None:
    if not (folder / "export.json").exists():
        return
    st.subheader("How each file compares", anchor=False)
    exports = read_json(folder / "export.json").get("exports", [])
    table([compared(export) for export in exports])
    wrong = [str(export.get("format")) for export in exports if export.get("sound") is False]
    if wrong:
        st.error(plain(f"do not use {', '.join(wrong)}: it computes something else"))
    st.download_button(
        "Download all as a zip", lambda: zipped(folder), f"{folder.parent.name}-export.zip",
        "application/zip", type="primary", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


COLUMNS = (
    ("format", "format", str),
    ("file", "file", str),
    ("size_bytes", "size", format_bytes),
    ("accuracy", "accuracy", percent),
    ("agreement", "same class", percent),
    ("largest_difference", "largest difference", "{:.1e}".format),
    ("latency_min_ms", "latency", "{:.3g} ms".format),
)


def compared(export: Mapping[str, Any]) -> dict[str, str]:
    """A row of export.json as people read it; what was not measured is a dash."""
    return {
        title: "–" if not isinstance(export.get(key), int | float | str) else write(export[key])
        for key, title, write in COLUMNS
        if key in export
    }
