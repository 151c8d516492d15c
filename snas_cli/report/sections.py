"""The parts of the report, each as HTML; a part that has nothing to show says why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from snas_cli.api import Genome, Trial
from snas_cli.genome.genes import in_words
from snas_cli.recipe.quantities import format_count
from snas_cli.report.charts import front_chart
from snas_cli.search.account import Account, Event, correlation_text
from snas_cli.search.lineage import gain
from snas_cli.search.wording import (
    CONTROLS,
    cost_text,
    costs_of,
    duration,
    objective_text,
    objective_title,
    percent,
    results,
    worth,
)

FRONT = 30  # of its networks are listed

Best = Mapping[str, Any]  # best/metrics.json


NO_NETWORK = "<p>No network has been kept yet; the first comes with the first generation.</p>"


def verdict(account: Account, *, finished: bool) -> str:
    best, measure = account.best, account.measure
    parts = ["" if finished else "<p><b>The search has not finished.</b></p>"]
    if best is None:
        return "".join([*parts, NO_NETWORK])
    sized = f" with {escape(costs_of(best))} a picture" if "flops" in best else ""
    judged = "" if measure.metric else f", judged by the evaluator {account.recipe.evaluator.name}"
    parts.append(
        f"<p>A network of the family <b>{escape(best['family'])}</b>{sized}{escape(judged)}:</p>"
    )
    parts.append(table(("", ""), results(best, measure), emphasis=True))
    if measure.metric is None:
        parts.append("<p>It was never trained by snas, so there are no weights.</p>")
    elif "test_acc" in best:
        parts.append("<p>No choice was made by the test pictures: they were used once.</p>")
    else:
        parts.append("<p>Not tested yet: the test pictures are used once, at the end.</p>")
    return "".join(parts)


def searched(account: Account) -> str:
    """The pictures, the limits and the way of the search, in the terminal's words."""
    plan, families = _latest(account, "plan"), account.recipe.space.families
    if plan is None:
        return "<p>Unknown: the journal has no plan, as those of earlier versions of snas.</p>"
    rows = [*plan["summary"], ("families", ", ".join(families) if families else "all")]
    return table(("", ""), rows)


def worth_of_search(account: Account) -> str:
    best = account.best or {}
    controls = best.get("controls")
    if not controls:
        why = (
            "nothing was trained, so there is nothing to train beside it."
            if account.measure.metric is None
            else "no controls were trained: <code>finale.controls</code> has random search and a "
            "network made by hand trained for as many epochs."
        )
        return f"<p>Not measured: {why}</p>"
    header = ("", "validation", "test", "parameters")
    rows = [("this search", best), *((CONTROLS[name], has) for name, has in controls.items())]
    sentences = "".join(
        f"<p>Next to {escape(name)}: {escape(text)}.</p>" for name, text in worth(best)
    )
    return sentences + table(header, ((name, *_scores(has)) for name, has in rows))


def _scores(metrics: Best) -> tuple[str, str, str]:
    return (
        percent(metrics["val_acc"]), percent(metrics["test_acc"]), format_count(metrics["params"])
    )  # fmt: skip


def leaders(account: Account) -> str:
    trials, measure = account.leaders, account.measure
    if not trials:
        return "<p>No candidate could be judged.</p>"
    costs = {"params": "parameters", "flops": "FLOPs", "latency_ms": "latency"}
    known = [name for name in costs if any(name in trial.metrics for trial in trials)]
    rungs = ["rungs"] if len({len(trial.rungs) for trial in trials}) > 1 else []
    titles = [costs[name] for name in known]
    rows = (
        (
            trial.number,
            trial.genome.family,
            *([len(trial.rungs)] if rungs else []),
            measure.trial_text(trial),
            *(cost_text(name, trial.metrics[name]) if name in trial.metrics else "–"
              for name in known),
            trial.proposal.operator,
            _parents(trial),
        )
        for trial in trials
    )  # fmt: skip
    header = ("trial", "family", *rungs, measure.name, *titles, "made by", "parents")
    trained = measure.metric is not None
    before = "<p>As the search judged them, before any was trained again.</p>" if trained else ""
    return before + table(header, rows)


def _parents(trial: Trial) -> str:
    return ", ".join(map(str, trial.proposal.parents)) or "none"


def pareto(account: Account) -> str:
    objectives, measure, trials = account.objectives, account.measure, account.front
    if len(objectives) == 1:
        return (
            f"<p>One thing was sought, {escape(objectives[0].name)}, so there is no front. Name "
            "more in <code>search.objectives</code> to have one.</p>"
        )
    if not trials:
        return "<p>No candidate could be judged.</p>"
    chart = front_chart(account.trials, trials, objectives, measure)
    more = "<p>The drawing has the first two objectives.</p>" if len(objectives) > 2 else ""
    cut = f"<p>The first {FRONT} of {len(trials)}.</p>" if len(trials) > FRONT else ""
    header = ("trial", "family", *(objective_title(each, measure) for each in objectives))
    rows = (
        (trial.number, trial.genome.family,
         *(objective_text(each, trial, measure) for each in objectives))
        for trial in trials[:FRONT]
    )  # fmt: skip
    return f"{chart}{more}{table(header, rows)}{cut}"


def architecture(genome: Genome) -> str:
    genes = genome.genes.to_json()
    stacks = {name: value for name, value in genes.items() if isinstance(value, list)}
    others = [(name, in_words(value)) for name, value in genes.items() if name not in stacks]
    tables = [table(("gene", "value"), others)]
    for name, layers in stacks.items():
        rows = ((i, *map(in_words, layer.values())) for i, layer in enumerate(layers, 1))
        tables.append(table((name, *layers[0]), rows))
    return "".join(tables)


def lineage(account: Account) -> str:
    line, measure = account.lineage, account.measure
    if len(line) == 1:
        return f"<p>It has no parents: it was made by {escape(line[0].proposal.operator)}.</p>"
    rows = []
    for trial, parent in zip(line, [*line[1:], None], strict=True):
        change = None if parent is None else gain(trial, parent)
        rows.append(
            (trial.number, trial.proposal.operator, _parents(trial), trial.genome.family,
             measure.trial_text(trial), "" if change is None else measure.gain_text(change))
        )  # fmt: skip
    return table(("trial", "made by", "parents", "family", measure.name, "gain"), rows)


def operators(account: Account) -> str:
    measure = account.measure
    header = ("operator", "children", "failed", "beat their parent", "mean gain", "new bests")
    rows = (
        (
            each.operator,
            each.children,
            each.failed,
            f"{each.better} of {each.bred}" if each.bred else "–",
            "–" if each.mean_gain is None else measure.gain_text(each.mean_gain),
            each.new_bests,
        )
        for each in account.operators
    )
    about = (
        "<p>A child counts for each operator that had a part in it, and is compared with the "
        "better of its parents. A dash stands where there is no parent to compare with.</p>"
    )
    return about + table(header, rows)


def foretelling(account: Account) -> str:
    """The model and the proxies."""
    return "".join([*_model(account), *_proxies(account)])


def _model(account: Account) -> Iterator[str]:
    if not account.surrogate.trials:
        yield (
            f"<p>No candidate's fitness was foretold: the strategy "
            f"{escape(account.recipe.search.strategy)} has no model, or had too few trials to "
            "learn from.</p>"
        )
        return
    yield (
        "<p>Rank correlation of the model's predictions with what came of them: "
        f"{escape(correlation_text(account.surrogate))}.</p>"
    )


def _proxies(account: Account) -> Iterator[str]:
    if not account.proxies:
        yield "<p>No candidate has a score that needs no training.</p>"
        return
    used = {True: "used", False: "not used", None: "the strategy does not say"}
    yield table(
        ("score that needs no training", "rank correlation with the fitness", ""),
        ((each.name, correlation_text(each.agreement), used[each.used])
         for each in account.proxies),
    )  # fmt: skip


def failures(account: Account) -> str:
    if not account.failures:
        return "<p>No candidate failed.</p>"
    return table(("candidates", "reason"), ((n, reason) for reason, n in account.failures))


def times(account: Account) -> str:
    spent = account.times
    if spent.total == 0:
        return "<p>Unknown: the journal has no times.</p>"
    rows = [("search", spent.search), ("final trainings, test and controls", spent.conclusion)]
    if account.measure.metric is None:
        rows = [("all of it", spent.total)]
    else:
        rows.append(("for comparison: the candidates' trainings, summed over all workers",
                     spent.trainings))  # fmt: skip
    return table(("", "time"), ((name, duration(seconds)) for name, seconds in rows))


def repeating(account: Account, recipe: Path) -> str:
    """The command, and what it ran with."""
    rows = [("seed", account.recipe.seed), *ran_with(account)]
    return f"<pre>{escape(f'snas search {recipe}')}</pre>{table(('', ''), rows)}"


def ran_with(account: Account) -> Iterator[tuple[str, str]]:
    """Versions and hardware, as the journal has them of the latest start."""
    started = _latest(account, "started")
    if started is None:
        yield "versions", "unknown: the journal has no beginning"
        return
    names = {"snas": "snas", "python": "Python", "torch": "torch"}
    yield "versions", ", ".join(f"{names[key]} {started[key]}" for key in names if key in started)
    if "device" in started:
        yield "trained on", started["device"]
        yield "hardware", started.get("hardware", "unknown: an earlier version of snas ran it")


def _latest(account: Account, kind: str) -> Event | None:
    return next((each for each in reversed(account.events) if each["event"] == kind), None)


def table(
    header: Sequence[str], rows: Iterable[Iterable[object]], *, emphasis: bool = False
) -> str:
    """Without a header where that is empty; with `emphasis`, values stand out."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    kind = ' class="results"' if emphasis else ""
    top = f"<tr>{head}</tr>" if any(header) else ""
    return f'<div class="wide"><table{kind}>{top}{body}</table></div>'
