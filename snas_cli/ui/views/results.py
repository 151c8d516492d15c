"""What a run found: the report to look into, and the network at work on one's own pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from snas_cli.api import Trial
from snas_cli.errors import SnasError
from snas_cli.registry import Registry
from snas_cli.report import sections
from snas_cli.report.pictures import Part
from snas_cli.runs.files import read_json
from snas_cli.runs.folder import RunFolder
from snas_cli.search.account import Account
from snas_cli.search.wording import COSTS, percent
from snas_cli.ui.charts import front_chart, generations_charts, progress_chart, training_charts
from snas_cli.ui.places import Places
from snas_cli.ui.prediction import Classifier, classifier_of
from snas_cli.ui.recorded import account_at, parts_at
from snas_cli.ui.views.showing import (
    chart,
    charts,
    complaint,
    html,
    log,
    look,
    plain,
    report_part,
    start,
    table,
    wait_for,
)

ABOVE = ("worth", "scores")  # parts of the report that the page has above
FORMATS = {"size_bytes": "bytes", "activation_bytes": "bytes", "latency_ms": "%.3g ms"}
DRAWINGS = {
    "confusion": "What is taken for what",
    "roc": "ROC curves",
    "reliability": "Reliability",
}


def show_results(places: Places, registry: Registry, name: str) -> None:
    run = places.run(name)
    account = account_at(run, registry)
    if account.best is None or account.winner is None:
        st.info("No network has been kept yet; the first comes with the first generation.")
        return
    _verdict(run, account)
    if account.measure.metric is not None:
        _try_it(run, registry)
        _scores(places, name)
    _story(run, account, registry)


def _verdict(run: RunFolder, account: Account) -> None:
    finished = run.finished() is not None
    html(sections.verdict(account, finished=finished))
    st.subheader("What the search was worth", anchor=False)
    html(sections.worth_of_search(account))
    report = run.path / "report.html"
    if report.exists():
        st.download_button(
            "Download report.html", report.read_bytes, f"{run.path.name}.html", "text/html",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip


# --- the network at work --------------------------------------------------------------------------


def _try_it(run: RunFolder, registry: Registry) -> None:
    st.subheader("Try it on a picture of your own", anchor=False)
    files = st.file_uploader(
        "Pictures", accept_multiple_files=True, key="try", label_visibility="collapsed"
    )
    if not files:
        return
    weights = run.best / "model.safetensors"
    classifier = _classifier(run, registry, weights.stat().st_mtime_ns)
    for file in files:
        left, right = st.columns([1, 3], vertical_alignment="center")
        try:
            ranked = classifier.classify(file)
        except SnasError as error:
            right.error(plain(f"{file.name}: {error}"))
            continue
        left.image(file, width="stretch")
        for label, share in ranked:
            right.progress(share, text=f"{plain(label)} {percent(share)}")


def _path(run: RunFolder) -> str:
    return str(run.path)


@st.cache_resource(
    max_entries=4, show_spinner="loading the network", hash_funcs={RunFolder: _path, Registry: id}
)
def _classifier(run: RunFolder, registry: Registry, _written_ns: int) -> Classifier:
    return classifier_of(run.path, registry)


def _scores(places: Places, name: str) -> None:
    st.subheader("Class by class", anchor=False)
    folder, errand = places.run(name).path / "evaluation", places.errand(name, "evaluate")
    scores = folder / "scores.json"
    if errand.running():
        wait_for(errand, "It is being measured.")
    elif scores.exists():
        _show_scores(scores)
        for drawing, title in DRAWINGS.items():
            if (folder / f"{drawing}.svg").exists():
                with st.expander(title):
                    st.image(str(folder / f"{drawing}.svg"), width="stretch")
    else:
        st.write("Precision, recall, confusion and ROC curves, on the test pictures:")
    if not errand.running() and st.button("Measure again" if scores.exists() else "Measure"):
        start(errand, ["evaluate", str(places.run(name).path)])
    complaint(errand)
    log(errand, "Log of the evaluation")


def _show_scores(path: Path) -> None:
    scores = read_json(path)
    columns = {"precision": "precision", "recall": "recall", "f1": "F1", "roc_auc": "ROC AUC"}
    table(
        [
            {"class": label, **{title: row.get(key) for key, title in columns.items()}}
            for label, row in scores["classes"].items()
        ],
        dict.fromkeys(columns.values(), "%.3f"),
    )


# --- the story ------------------------------------------------------------------------------------


def _story(run: RunFolder, account: Account, registry: Registry) -> None:
    """The report, part by part, with charts to look into where they can be."""
    looked_into = {
        "progress": _progress, "generations": _generations, "leaders": _leaders, "front": _front,
        "training": _training,
    }  # fmt: skip
    with st.spinner("the report is put together"):
        parts = parts_at(run, registry)
    for part in parts:
        if part.name not in ABOVE:
            st.subheader(part.heading, anchor=False)
            looked_into.get(part.name, _as_reported)(account, part)
    for what, value in sections.ran_with(account):
        st.caption(plain(f"{what}: {value}"))


def _as_reported(_account: Account, part: Part) -> None:
    report_part(part)


def _progress(account: Account, part: Part) -> None:
    chart(progress_chart(account, look()), part.reason)


def _generations(account: Account, part: Part) -> None:
    charts(generations_charts(account, look()), part.reason)


def _leaders(account: Account, _part: Part) -> None:
    _trials(account, account.leaders)


def _front(account: Account, part: Part) -> None:
    front = front_chart(account, look())
    chart(front, part.reason)
    if front is not None:
        _trials(account, account.front)


def _training(account: Account, part: Part) -> None:
    charts(training_charts(account, look()), part.reason)


def _trials(account: Account, trials: Sequence[Trial]) -> None:
    formats = {account.measure.name: "%.4g" if account.measure.metric is None else "percent"}
    formats |= {name: FORMATS.get(key, "compact") for key, name in COSTS.items()}
    table([_leader(account, trial) for trial in trials], formats)


def _leader(account: Account, trial: Trial) -> dict[str, object]:
    """Plain numbers, so that the table can be sorted by any of them."""
    costs = {COSTS[name]: value for name, value in trial.metrics.items() if name in COSTS}
    return {
        "trial": trial.number,
        "family": trial.genome.family,
        account.measure.name: trial.fitness,
        **costs,
        "made by": trial.proposal.operator,
    }
