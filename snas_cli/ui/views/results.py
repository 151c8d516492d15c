"""What a run found: the report to look into, and the network at work on one's own pictures."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from snas_cli.api import Trial
from snas_cli.errors import SnasError
from snas_cli.registry import Registry
from snas_cli.report import sections
from snas_cli.runs.files import read_json
from snas_cli.runs.folder import RunFolder
from snas_cli.search.account import Account
from snas_cli.search.wording import COSTS, percent
from snas_cli.ui.charts import front_chart, generations_charts, progress_chart
from snas_cli.ui.places import Places
from snas_cli.ui.prediction import Classifier, classifier_of
from snas_cli.ui.recorded import account_at
from snas_cli.ui.views.showing import (
    chart,
    complaint,
    log,
    look,
    plain,
    report_part,
    start,
    table,
    wait_for,
)

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
    _story(account)


def _verdict(run: RunFolder, account: Account) -> None:
    assert account.best is not None  # the caller looked
    finished = run.finished() is not None
    report_part(sections.verdict(account, account.best, finished=finished))
    st.subheader("What the search was worth", anchor=False)
    report_part(sections.worth_of_search(account, account.best))
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
        ]
    )


# --- the story ------------------------------------------------------------------------------------


def _story(account: Account) -> None:
    seen = look()
    assert account.winner is not None  # the caller looked
    st.subheader("Every candidate, and the best so far", anchor=False)
    chart(progress_chart(account, seen), "No candidate could be judged.")
    for title, drawn in generations_charts(account, seen):
        st.caption(title)
        chart(drawn, "")
    st.subheader("The best of the search", anchor=False)
    table([_leader(account, trial) for trial in account.leaders])
    st.subheader("The Pareto front", anchor=False)
    front = front_chart(account, seen)
    if front is None:
        report_part(sections.pareto(account))
    else:
        chart(front, "")
        table([_leader(account, trial) for trial in account.front])
    parts = (
        ("The network that was kept", sections.architecture(account.winner.genome)),
        ("Where it comes from: its best parents", sections.lineage(account)),
        ("Which operators paid", sections.operators(account)),
        ("What was foretold", sections.foretelling(account)),
        ("Failures", sections.failures(account)),
        ("Time", sections.times(account)),
    )
    for title, html in parts:
        st.subheader(title, anchor=False)
        report_part(html)
    st.caption(plain(sections.versions(account)))


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
