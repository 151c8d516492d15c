"""The report: report.html in the run directory."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from snas_cli.api import Trial
from snas_cli.errors import RunError
from snas_cli.report import sections
from snas_cli.report.charts import progress_chart
from snas_cli.report.curves import curves_chart
from snas_cli.report.evaluations import evaluations
from snas_cli.report.generations import generations_chart
from snas_cli.report.importance import importance_chart
from snas_cli.report.layers import layers_drawing
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
    """Writes what is known of a run so far. Raises RunError where it has no network yet."""
    best = folder.metrics()
    account = account_of(folder, trials)
    if account.winner is None:
        raise RunError(f"{folder.journal} has no trial {best['trial']}, whose network was kept; "
                       f"go on with: snas resume {folder.path}")  # fmt: skip
    text = PAGE.substitute(
        run=escape(folder.path.name),
        verdict=sections.verdict(account, best, finished=folder.finished() is not None),
        pictures=sections.pictures(read_json(folder.data) if folder.data.exists() else None),
        worth=sections.worth_of_search(account, best),
        progress=progress_chart(trials, account.measure),
        generations=generations_chart(account.generations, account.measure),
        leaders=sections.leaders(account),
        pareto=sections.pareto(account),
        curves=curves_chart(account),
        drawing=layers_drawing(_layers(folder)),
        architecture=sections.architecture(account.winner.genome),
        evaluations=evaluations(folder),
        lineage=sections.lineage(account),
        operators=sections.operators(account),
        importance=importance_chart(trials),
        foretelling=sections.foretelling(account),
        failures=sections.failures(account),
        times=sections.times(account),
        recipe=escape(folder.recipe.read_text(encoding="utf-8")),
        versions=escape(sections.versions(account)),
        command=escape(f"snas search {folder.recipe}"),
    )
    path = folder.path / "report.html"
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))
    return path


def _layers(folder: RunFolder) -> list[dict[str, Any]] | None:
    path = folder.best / "layers.json"
    return read_checked(path, LAYERS)["layers"] if path.exists() else None


PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>$run: report</title>
<style>
:root { color-scheme: light dark; --line: #8884; --quiet: #6b6b6b; --paper: #fff; --ink: #1a1a1a;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7; --c4: #e69f00; --c5: #56b4e9; }
@media (prefers-color-scheme: dark) { :root { --quiet: #a5a5a5; --paper: #16181b; --ink: #e8e8e8;
  --c0: #3b8ede; --c1: #f0803c; --c2: #2bbf95; --c3: #e39ac3; --c4: #f5b83d; --c5: #a4dcff; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem;
  background: var(--paper); color: var(--ink); }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; margin-bottom: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--quiet); } .results td:last-child { font-weight: 700; }
svg { width: 100%; height: auto; }
.chart { min-width: 34rem; } svg text { font-size: 12px; fill: var(--quiet); }
svg .title { font-size: 13px; fill: currentColor; } svg .key { font-size: 12px; }
.grid { stroke: var(--line); } .best { fill: none; stroke: currentColor; stroke-width: 1.5; }
.level { stroke: var(--quiet); stroke-dasharray: 3 4; }
.curve { stroke-width: 2; } .faint { opacity: .3; }
.c0 { --c: var(--c0); } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); }
.c3 { --c: var(--c3); } .c4 { --c: var(--c4); } .c5 { --c: var(--c5); }
.mark, svg .key { fill: var(--c); } .mark, .curve { stroke: var(--c); }
.hollow { fill: var(--paper); stroke-width: 1.5; }
.legend span { margin-right: 1.2rem; white-space: nowrap; } .legend { font-size: .9rem; }
.legend svg { width: .75rem; height: .75rem; margin-right: .4rem; }
.legend b { display: inline-block; width: 1.2rem; border-top: 2px solid; margin-right: .4rem;
  vertical-align: middle; }
pre { overflow-x: auto; font-size: .85rem; padding: .8rem; border: 1px solid var(--line); }
@media print { body { max-width: none; margin: 0; } svg, tr { break-inside: avoid; }
  h2 { break-after: avoid; } }
</style>
<h1>$run</h1>
$verdict
$pictures
<h2>What the search was worth</h2>
$worth
<h2>Every candidate, and the best so far</h2>
$progress
<h2>Generation by generation</h2>
$generations
<h2>The best of the search</h2>
$leaders
<h2>The Pareto front</h2>
$pareto
<h2>The last trainings, epoch by epoch</h2>
$curves
<h2>The network that was kept</h2>
$drawing
$architecture
<h2>What it takes for what</h2>
$evaluations
<h2>Where it comes from: its best parents</h2>
$lineage
<h2>Which operators paid</h2>
<p>A child counts for each operator that had a part in it, and is compared with the better of its
parents. A dash stands where there is no parent to compare with.</p>
$operators
<h2>Which genes mattered</h2>
$importance
<h2>What was foretold</h2>
$foretelling
<h2>Failures</h2>
$failures
<h2>Time</h2>
$times
<h2>To repeat it</h2>
<pre>$command</pre>
<p>$versions</p>
<details><summary>The recipe, with every key</summary><pre>$recipe</pre></details>
""")
