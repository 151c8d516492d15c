"""A run as it goes: how far it is, its best so far, charts, candidates, failures, the log."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from snas_cli.errors import SnasError
from snas_cli.experiment.bulletins import Bulletin, bulletins
from snas_cli.recipe.quantities import parse_duration
from snas_cli.registry import Registry
from snas_cli.search.account import Account
from snas_cli.search.wording import cost_text
from snas_cli.ui.charts import front_chart, generations_charts, operators_chart, progress_chart
from snas_cli.ui.errands import stop_run
from snas_cli.ui.places import SEARCH, Places
from snas_cli.ui.recorded import FINISHED, RUNNING, account_at, jobs_of, progress_of, state_of
from snas_cli.ui.views.showing import EVERY, chart, complaint, log, look, plain, start, table


def show_watch(places: Places, registry: Registry, name: str) -> None:
    state = state_of(places, name)
    _controls(places, name, state)
    if state == RUNNING:
        _live(places, registry, name)
    else:
        _show(places, registry, name, state)


@st.fragment(run_every=EVERY)
def _live(places: Places, registry: Registry, name: str) -> None:
    state = state_of(places, name)
    if state != RUNNING:
        st.rerun()
    _show(places, registry, name, state)


def _show(places: Places, registry: Registry, name: str, state: str) -> None:
    run, errand = places.run(name), places.errand(name, SEARCH)
    complaint(errand)
    try:
        account = account_at(run, registry)
    except SnasError as error:
        st.error(plain(str(error)))
        log(errand)
        return
    _headline(account, state)
    at_work = list(bulletins(run)) if state == RUNNING else []
    _workers(at_work)
    _charts(account)
    _candidates(account, state, at_work)
    _failures(account)
    log(errand)


# --- stop, resume, extend -------------------------------------------------------------------------


def _controls(places: Places, name: str, state: str) -> None:
    if state == RUNNING:
        if st.button("Stop", icon=":material/stop:", help="Every finished candidate is kept."):
            stop_run(places.run(name))
            places.errand(name, SEARCH).stop()
            st.toast("It stops as soon as it can; every finished candidate is kept.")
        return
    with st.container(horizontal=True):
        if state != FINISHED and st.button(
            "Resume", type="primary", icon=":material/play_arrow:",
            help="It ends as if it had not been stopped.",
        ):  # fmt: skip
            go_on(places, name, [str(places.run(name).path)])
        with st.popover("Extend", icon=":material/more_time:"):
            _extend(places, name)


def _extend(places: Places, name: str) -> None:
    st.write("Search on for so long, or until there are so many generations.")
    time = st.text_input("More time", placeholder="30m", key="extend.time")
    generations = st.number_input(
        "Generations in all", min_value=1, value=None, step=1, key="extend.generations"
    )
    arguments, fault = extension(time or "", generations)
    if fault:
        st.caption(f":red[{plain(fault)}]")
    if st.button("Search on", disabled=not arguments):
        go_on(places, name, [str(places.run(name).path), *arguments])


def extension(time: str, generations: int | None) -> tuple[list[str], str | None]:
    """The options of `snas resume`, and what is wrong with what was filled in."""
    if time and generations is not None:
        return [], "fill in one of the two"
    if generations is not None:
        return ["--generations", str(generations)], None
    if not time:
        return [], None
    try:
        parse_duration(time)
    except ValueError as error:
        return [], str(error)
    return ["--extend", time], None


def go_on(places: Places, name: str, arguments: list[str]) -> None:
    start(places.errand(name, SEARCH), ["resume", *arguments])


# --- what there is to see -------------------------------------------------------------------------


def _headline(account: Account, state: str) -> None:
    progress = progress_of(account)
    share = 1.0 if state == FINISHED else progress.share
    st.progress(share, text=progress.words)
    if share == 1.0 and state == RUNNING:
        st.caption("the search is over; the best are trained again, longer")
    best = next(iter(account.leaders), None)
    if best is None:
        st.caption("no candidate has a score yet")
        return
    figures = [(f"best {account.measure.short}", account.measure.trial_text(best))]
    figures.append(("family", best.genome.family))
    for cost, label in (("params", "parameters"), ("flops", "FLOPs"), ("latency_ms", "latency")):
        if cost in best.metrics:
            figures.append((label, cost_text(cost, best.metrics[cost])))
    with st.container(horizontal=True):
        for label, value in figures:
            st.metric(label, value, width="content", border=True)


def _workers(at_work: Sequence[Bulletin]) -> None:
    """How far the job of each is. Those of a cluster tell nothing until they are done."""
    for bulletin in at_work:
        st.progress(bulletin.epoch / bulletin.epochs, text=plain(bulletin.in_words()))


def _charts(account: Account) -> None:
    seen = look()
    st.subheader("Every candidate, and the best so far", anchor=False)
    chart(progress_chart(account, seen), "No candidate could be judged yet.")
    front = front_chart(account, seen)
    if front is not None:
        st.subheader("The Pareto front", anchor=False)
        chart(front, "")
    for title, drawn in generations_charts(account, seen):
        st.caption(title)
        chart(drawn, "")
    paid = operators_chart(account.operators, seen)
    if paid is not None:
        st.subheader("Which operators paid", anchor=False)
        chart(paid, "")


def _candidates(account: Account, state: str, at_work: Sequence[Bulletin]) -> None:
    training = {bulletin.fingerprint for bulletin in at_work}
    rows = jobs_of(account, training, running=state == RUNNING)
    if rows:
        st.subheader("Candidates of this generation", anchor=False)
        table(rows)


def _failures(account: Account) -> None:
    failed = [trial for trial in account.trials if trial.failed]
    if not failed:
        return
    st.subheader("Failures", anchor=False)
    for reason, count in account.failures:
        st.markdown(f"- {count} failed: {plain(reason)}")
    with st.expander("Each of them"):
        table(
            [
                {"trial": trial.number, "family": trial.genome.family,
                 "made by": trial.proposal.operator, "reason": trial.reason}
                for trial in failed
            ]
        )  # fmt: skip
