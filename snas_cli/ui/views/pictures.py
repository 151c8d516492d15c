"""Which pictures to learn from: a data set by name, an upload, or a folder or table that is there;
and what `snas datasets` finds in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from snas_cli.errors import SnasError
from snas_cli.registry import Registry
from snas_cli.ui.errands import Errand
from snas_cli.ui.form import TABLE_COLUMNS, TABLES, data_at, default_of, help_of
from snas_cli.ui.intake import target_in, unpack
from snas_cli.ui.places import Places
from snas_cli.ui.views.showing import complaint, faults, plain, start, wait_for

Values = Mapping[str, str]  # keys of a recipe
UNBROKEN = 1000  # letters in a line: the browser breaks it


def choose_pictures(places: Places, registry: Registry) -> Values:
    """What was chosen; empty as long as nothing is."""
    sources: dict[str, Callable[[], Values]] = {
        "By name": lambda: _by_name(registry),
        "Upload": lambda: _upload(places),
        "On this computer": _on_this_computer,
    }
    source = st.segmented_control(
        "Pictures", sources, default="By name", required=True, key="source",
        persist_state="session", label_visibility="collapsed",
    )  # fmt: skip
    values = sources[source or "By name"]()
    if Path(values.get("data.path", "")).suffix.lower() in TABLES:
        return {**values, **_columns()}
    return values


def _by_name(registry: Registry) -> Values:
    names = [name for name in registry.names("dataset") if not registry.dataset(name).needs_path]
    name = st.selectbox(
        "Data set", names, index=names.index("digits") if "digits" in names else 0,
        key="data.dataset", persist_state="session",
    )  # fmt: skip
    if name is None:
        return {}
    st.caption(plain(registry.dataset(name).summary))
    return {"data.dataset": name}


def _on_this_computer() -> Values:
    text = st.text_input(
        "Folder of class folders, or a table (.csv)", key="data.path", persist_state="session",
        placeholder="/home/me/photos", help=help_of("data.path"),
    )  # fmt: skip
    if not text:
        return {}
    path = Path(text).expanduser().resolve()
    if not path.exists():
        faults([f"there is no {path} on this computer"])
        return {}
    if path.is_file() and path.suffix.lower() not in TABLES:
        faults([f"{path} is neither a folder of pictures nor a table (.csv)"])
        return {}
    return data_at(path)


# --- uploads --------------------------------------------------------------------------------------


def _upload(places: Places) -> Values:
    file = st.file_uploader(
        "A zip of class folders (cat/1.jpg, dog/1.jpg …), or of a table (.csv) and its pictures",
        type="zip", key="zip",
    )  # fmt: skip
    if file is not None and f"unpacked {file.file_id}" not in st.session_state:
        folder = places.free_upload(_stem(file.name))
        try:
            with st.spinner("unpacking"):
                intake = unpack(file, folder)
        except SnasError as error:
            faults([f"{file.name}: {error}"])
            return {}
        st.session_state[f"unpacked {file.file_id}"] = _told(intake.pictures, intake.passed_over)
        st.session_state["upload"] = folder.name
    if file is not None:
        st.caption(st.session_state[f"unpacked {file.file_id}"])
    return _uploaded(places)


def _told(pictures: int, passed_over: int) -> str:
    rest = f"; {passed_over:,} other files were passed over" if passed_over else ""
    return f"{pictures:,} pictures were unpacked{rest}."


def _uploaded(places: Places) -> Values:
    names = places.uploaded()
    if not names:
        return {}
    name = st.selectbox("Uploaded", names, key="upload", persist_state="session")
    if name is None:
        return {}
    try:
        return data_at(target_in(places.uploads / name))
    except SnasError as error:
        faults([str(error)])
        return {}


def _stem(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", Path(name).stem, flags=re.ASCII).strip("-._") or "pictures"


def _columns() -> Values:
    """Of a table."""
    values = {}
    for column, field in zip(st.columns(3), TABLE_COLUMNS, strict=True):
        values[field.key] = column.text_input(
            field.label, value=default_of(field.key) or "", placeholder=field.example,
            key=field.key, persist_state="session", help=help_of(field.key),
        ) or ""  # fmt: skip
    return values


# --- what is in them ------------------------------------------------------------------------------


def check_pictures(places: Places, values: Values) -> None:
    """The outcome of `snas datasets check` and `preview`, in processes of their own."""
    if not values:
        return
    target = values.get("data.path", values["data.dataset"])
    settings = [f"--set={key}={value}" for key, value in sorted(values.items())
                if key not in ("data.path", "data.dataset") and value]  # fmt: skip
    folder = places.check(target, *settings)
    check, preview = Errand(folder / "check.txt"), Errand(folder / "preview.txt")
    sheet = folder / "preview.png"
    if check.running() or preview.running():
        wait_for(check if check.running() else preview, "The pictures are looked at.")
        return
    if st.button("Check these pictures", icon=":material/fact_check:"):
        preview_arguments = ["datasets", "preview", target, f"--output={sheet}", *settings]
        try:
            preview.start(preview_arguments)
        except SnasError as error:
            st.error(plain(str(error)))
        start(check, ["datasets", "check", target, *settings], columns=UNBROKEN)
    if check.started():
        _show_check(check, sheet)


def _show_check(check: Errand, sheet: Path) -> None:
    complaint(check)
    if not check.complaint():
        for line in check.last_text().splitlines():
            st.markdown(plain(line))
        if sheet.exists():
            st.image(str(sheet), width="stretch", caption="some training pictures of each class")
