"""A run as `snas runs show` tells it: what it found, which operators paid, whom the winner comes
from, what was foretold, what failed, and where the time went."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snas_cli.search.account import Account, ProxyRecord, correlation_text
from snas_cli.search.lineage import Agreement, OperatorRecord, gain
from snas_cli.search.wording import Measure, costs_of, duration, results, worth
from snas_cli.terminal.tables import front_table, layers_cell, leaders_table, plain_table
from snas_cli.terminal.words import BAD, GOOD, QUIET, architecture, shape


def result_lines(account: Account) -> Iterator[Text]:
    """The network kept and its scores; what the search was worth next to its controls."""
    best, measure = account.best, account.measure
    if best is None:
        yield Text("no network has been kept yet")
        return
    words = [f"trial {best['trial']}", best["family"], *filter(None, [costs_of(best)])]
    kept = "The network kept" if measure.metric else "The best architecture"
    yield Text(f"{kept}: {', '.join(words)}")
    lines = list(results(best, measure))
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        note = "  on pictures that no choice was made by" if name == "test accuracy" else ""
        yield Text.assemble(f"{name:<{width}} ", Text(value, style=GOOD), note)
    for name, value in worth(best):
        yield Text(f"{name}: {value}")


def sections(account: Account) -> Iterator[RenderableType]:
    """All that there is to say of a run's trials."""
    if account.leaders:
        yield leaders_table(account.leaders, account.measure, "Best of the search")
    if account.front:
        yield front_table(account.front, account.objectives, account.measure)
    if account.winner is not None:
        yield Text(f"kept: {architecture(account.winner.genome)}\n")
    if account.trials:
        yield operators_table(account.operators, account.measure)
    if account.lineage:
        yield lineage_table(account)
    yield from _foretelling(account)
    yield from (Text(f"{n} failed: {reason}", style=BAD) for reason, n in account.failures)
    yield Text(time_in_words(account), style=QUIET)


def operators_table(records: list[OperatorRecord], measure: Measure) -> Table:
    """A dash stands where there is nothing to compare: what has no parents gains nothing."""
    table = plain_table("Which operators paid", "operator", ">children", ">failed",
                        ">beat their parent", ">mean gain", ">new bests")  # fmt: skip
    for each in records:
        gained = "–" if each.mean_gain is None else measure.gain_text(each.mean_gain)
        better = f"{each.better} of {each.bred}" if each.bred else "–"
        table.add_row(each.operator, str(each.children), str(each.failed), better, gained,
                      str(each.new_bests))  # fmt: skip
    return table


def lineage_table(account: Account) -> Table:
    measure, line = account.measure, account.lineage
    layers = ["layers"] if any(shape(trial.genome) for trial in line) else []
    table = plain_table("The winner and its best parents", ">trial", "made by", "family",
                        f">{measure.short}", ">gain", *layers)  # fmt: skip
    table.columns[2].no_wrap = True
    for trial, parent in zip(line, [*line[1:], None], strict=True):
        change = None if parent is None else gain(trial, parent)
        gained = "" if change is None else measure.gain_text(change)
        cells = [str(trial.number), trial.proposal.operator, trial.genome.family,
                 measure.trial_text(trial), gained]  # fmt: skip
        table.add_row(*cells, *([layers_cell(trial.genome)] if layers else []))
    return table


def _foretelling(account: Account) -> Iterator[RenderableType]:
    if account.surrogate.trials:
        yield Text("rank correlation of the model's predictions with what came of them: "
                   f"{correlation_text(account.surrogate)}\n")  # fmt: skip
    if account.proxies:
        yield proxies_table(account.proxies)


def proxies_table(records: list[ProxyRecord]) -> Table:
    table = plain_table("Scores that need no training", "proxy", ">rank correlation", ">95 %",
                        ">trials", "used")  # fmt: skip
    for each in records:
        used = {True: "yes", False: "no", None: "the strategy does not say"}[each.used]
        table.add_row(each.name, *_numbers(each.agreement), str(each.agreement.trials), used)
    return table


def _numbers(found: Agreement) -> tuple[str, str]:
    if found.correlation is None:
        return "–", "–"
    return f"{found.correlation:.2f}", f"{found.low:.2f} to {found.high:.2f}"


def time_in_words(account: Account) -> str:
    times = account.times
    parts = [f"{duration(times.search)} of search"]
    if account.measure.metric is not None:
        parts[0] += f" ({duration(times.trainings)} of training candidates, over all workers)"
        parts.append(f"{duration(times.conclusion)} of final trainings and tests")
    return f"time: {duration(times.total)}: {', '.join(parts)}"
