"""The report: report.html in the run directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from snas_cli.api import Trial
from snas_cli.errors import RunError
from snas_cli.report import sections
from snas_cli.report.charts import progress_chart
from snas_cli.report.colours import CHART_RULES, DARK, LIGHT, SCORES_RULES
from snas_cli.report.curves import curves_chart
from snas_cli.report.evaluations import evaluations
from snas_cli.report.generations import generations_chart
from snas_cli.report.importance import importance_chart
from snas_cli.report.layers import layers_drawing
from snas_cli.report.pictures import Part, Pictured, write_pictures
from snas_cli.runs.documents import LAYERS, read_checked
from snas_cli.runs.files import write_whole
from snas_cli.runs.folder import RunFolder
from snas_cli.runs.journal import read_events
from snas_cli.search.account import Account, recorded_recipe


def account_of(folder: RunFolder, trials: Sequence[Trial]) -> Account:
    """Raises RecipeError, RunError."""
    recipe = recorded_recipe(folder.recipe)
    return Account(recipe, trials, list(read_events(folder.journal)), best_of(folder))


def best_of(folder: RunFolder) -> dict[str, Any] | None:
    """The metrics of the best network, of a run that goes on too; None where there is none yet."""
    finished = folder.finished()
    if finished is not None:
        return finished
    return folder.metrics() if (folder.best / "metrics.json").exists() else None


def write_report(folder: RunFolder, trials: Sequence[Trial]) -> Path:
    """Writes what is known of a run so far. Raises RecipeError, RunError."""
    account = _account(folder, trials)
    body = "".join(f"<h2>{part.heading}</h2>\n{part.html}\n" for part in parts_of(folder, account))
    text = PAGE.substitute(
        run=escape(folder.path.name),
        verdict=sections.verdict(account, finished=folder.finished() is not None),
        light=LIGHT.variables,
        dark=DARK.variables,
        rules=f"{CHART_RULES}\n{SCORES_RULES}",
        body=body,
        recipe=escape(folder.recipe.read_text(encoding="utf-8")),
        repeat=sections.repeating(account, folder.recipe),
    )
    path = folder.path / "report.html"
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))
    return path


def write_report_pictures(
    folder: RunFolder, trials: Sequence[Trial], target: Path
) -> Iterator[Pictured]:
    """A PNG for each drawing that the report has. Raises as `write_report` and `write_pictures`."""
    parts = parts_of(folder, _account(folder, trials))
    return write_pictures([part for part in parts if part.name in DRAWN], target)


def _account(folder: RunFolder, trials: Sequence[Trial]) -> Account:
    account = account_of(folder, trials)
    if account.best is not None and account.winner is None:
        raise RunError(f"{folder.journal} has no trial {account.best['trial']}, whose network was "
                       f"kept; go on with: snas resume {folder.path}")  # fmt: skip
    return account


DRAWN = ("progress", "generations", "front", "training", "network", "scores", "genes")


def parts_of(folder: RunFolder, account: Account) -> list[Part]:
    """What the report is made of, in order."""
    trials = account.trials
    return [
        Part("searched", "What was searched", sections.searched(account)),
        Part("worth", "What the search was worth",
             sections.worth_of_search(account)),
        Part("progress", "Every candidate, and the best so far",
             progress_chart(trials, account.measure)),
        Part("generations", "Generation by generation",
             generations_chart(account.generations, account.measure)),
        Part("leaders", "The best of the search", sections.leaders(account)),
        Part("front", "The Pareto front", sections.pareto(account)),
        Part("training", "The last trainings, epoch by epoch", curves_chart(account)),
        Part("network", "The network that was kept",
             _of_network(account, lambda winner: layers_drawing(layers_of(folder))
                         + sections.architecture(winner.genome))),
        Part("scores", "What it takes for what",
             _of_network(account, lambda _winner: _taken_for(account, folder))),
        Part("lineage", "Where it comes from: its best parents",
             _of_network(account, lambda _winner: sections.lineage(account))),
        Part("operators", "Which operators paid", sections.operators(account)),
        Part("genes", "Which genes mattered", importance_chart(trials)),
        Part("foretold", "What was foretold", sections.foretelling(account)),
        Part("failures", "Failures", sections.failures(account)),
        Part("time", "Time", sections.times(account)),
    ]  # fmt: skip


def _of_network(account: Account, told: Callable[[Trial], str]) -> str:
    return sections.NO_NETWORK if account.winner is None else told(account.winner)


def _taken_for(account: Account, folder: RunFolder) -> str:
    if account.measure.metric is None:
        return "<p>None: an evaluator judged the networks, and none of them was trained.</p>"
    return evaluations(folder)


def layers_of(folder: RunFolder) -> list[dict[str, Any]] | None:
    path = folder.best / "layers.json"
    return read_checked(path, LAYERS)["layers"] if path.exists() else None


PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>$run: report</title>
<style>
:root { color-scheme: light dark; $light }
@media (prefers-color-scheme: dark) { :root { $dark } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem;
  background: var(--paper); color: var(--ink); }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; margin-bottom: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--quiet); } .results td:last-child { font-weight: 700; }
svg { width: 100%; height: auto; } .chart, .scores { min-width: 34rem; }
$rules
pre { overflow-x: auto; font-size: .85rem; padding: .8rem; border: 1px solid var(--line); }
@media print { body { max-width: none; margin: 0; } svg, tr { break-inside: avoid; }
  h2 { break-after: avoid; } }
</style>
<h1>$run</h1>
$verdict
$body
<h2>To repeat it</h2>
$repeat
<details><summary>The recipe, with every key</summary><pre>$recipe</pre></details>
""")
