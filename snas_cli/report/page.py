"""The report: report.html in the run directory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from snas_cli.api import Genome, Trial
from snas_cli.genome.genes import in_words
from snas_cli.recipe.quantities import format_count
from snas_cli.report.charts import progress_chart
from snas_cli.runs.files import write_whole
from snas_cli.runs.folder import RunFolder
from snas_cli.search.ranking import leaders


def write_report(folder: RunFolder, trials: Sequence[Trial]) -> Path:
    """Writes what is known of a run so far. Raises RunError where it has no network yet."""
    best = folder.metrics()
    winner = next(trial for trial in trials if trial.number == best["trial"])
    text = PAGE.substitute(
        run=escape(folder.path.name),
        verdict=_verdict(best, finished=folder.finished() is not None),
        progress=progress_chart(trials),
        leaders=_table(
            ("trial", "family", "validation accuracy", "parameters", "FLOPs", "made by", "parents"),
            map(_leader_row, leaders(trials, 10)),
        ),
        architecture=_architecture(winner.genome),
        failures=_failures(trials),
        recipe=escape(folder.recipe.read_text(encoding="utf-8")),
        versions=escape(_versions(folder)),
        command=escape(f"snas search {folder.recipe}"),
    )
    path = folder.path / "report.html"
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))
    return path


def _verdict(best: Mapping[str, Any], *, finished: bool) -> str:
    state = "" if finished else "<p><b>The search has not finished.</b></p>"
    family = f"A network of the family <b>{escape(best['family'])}</b>"
    if "params" not in best:
        return f"{state}<p>{family}: <b>{best['fitness']:.4g}</b>, by an evaluator's scores.</p>"
    tested = (
        f"<b>{best['test_acc']:.2%}</b> on the test pictures, which no choice was made by"
        if "test_acc" in best
        else "not tested yet: the test pictures are used once, at the end"
    )
    return (
        f"{state}<p>{family} with "
        f"<b>{format_count(best['params'])}</b> parameters and {format_count(best['flops'])} FLOPs "
        f"a picture: <b>{best['val_acc']:.2%}</b> on the validation pictures, {tested}.</p>"
        f"{_repeats(best)}{_controls(best)}"
    )


def _repeats(best: Mapping[str, Any]) -> str:
    if "repeats" not in best:
        return ""
    return (
        f"<p>Over {best['repeats']} trainings: {best['test_acc_mean']:.2%} ± "
        f"{best['test_acc_sd']:.2%} on the test pictures.</p>"
    )


def _controls(best: Mapping[str, Any]) -> str:
    """What the search was worth."""
    controls = best.get("controls")
    if not controls:
        return ""
    names = {"random": "random search, as many epochs", "hand_made": "a network made by hand"}
    rows = [("this search", best), *((names[name], metrics) for name, metrics in controls.items())]
    return "<h2>What the search was worth</h2>" + _table(
        ("", "validation", "test", "parameters"),
        ((name, f"{metrics['val_acc']:.2%}", f"{metrics['test_acc']:.2%}",
          format_count(metrics["params"])) for name, metrics in rows),
    )  # fmt: skip


def _leader_row(trial: Trial) -> tuple[object, ...]:
    return (
        trial.number,
        trial.genome.family,
        f"{trial.fitness:.2%}" if "val_acc" in trial.metrics else f"{trial.fitness:.4g}",
        *(
            format_count(trial.metrics[name]) if name in trial.metrics else "–"
            for name in ("params", "flops")
        ),
        trial.proposal.operator,
        ", ".join(map(str, trial.proposal.parents)) or "none",
    )


def _architecture(genome: Genome) -> str:
    genes = genome.genes.to_json()
    stacks = {name: value for name, value in genes.items() if isinstance(value, list)}
    others = [(name, in_words(value)) for name, value in genes.items() if name not in stacks]
    tables = [_table(("gene", "value"), others)]
    for name, layers in stacks.items():
        rows = ((i, *map(in_words, layer.values())) for i, layer in enumerate(layers, 1))
        tables.append(_table((name, *layers[0]), rows))
    return "".join(tables)


def _failures(trials: Sequence[Trial]) -> str:
    reasons = Counter(trial.reason for trial in trials if trial.failed)
    if not reasons:
        return "<p>No candidate failed.</p>"
    return _table(("candidates", "reason"), ((n, reason) for reason, n in reasons.most_common()))


def _versions(folder: RunFolder) -> str:
    started = next(folder.events("started"), None)
    if started is None:
        return "unknown: the journal has no beginning"
    versions = f"snas {started['snas']}"
    if "torch" in started:  # something was trained
        versions += f", torch {started['torch']}, on {started['device']}"
    return versions


def _table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>$run: report</title>
<style>
:root { color-scheme: light dark; --line: #8884; --quiet: #777; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; margin-bottom: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--quiet); }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: var(--quiet); }
.grid { stroke: var(--line); } .best { fill: none; stroke: currentColor; stroke-width: 1.5; }
.legend span { margin-right: 1.2rem; white-space: nowrap; }
.legend i, .legend b { display: inline-block; margin-right: .4rem; }
.legend i { width: .7rem; height: .7rem; border-radius: 50%; }
.legend b { width: 1.2rem; border-top: 2px solid; vertical-align: middle; }
pre { overflow-x: auto; font-size: .85rem; padding: .8rem; border: 1px solid var(--line); }
</style>
<h1>$run</h1>
$verdict
<h2>Every candidate, and the best so far</h2>
$progress
<h2>The best of the search</h2>
<p>As the search trained them, before the best were trained again.</p>
$leaders
<h2>The network that was kept</h2>
$architecture
<h2>Failures</h2>
$failures
<h2>To repeat it</h2>
<pre>$command</pre>
<p>$versions</p>
<details><summary>The recipe, with every key</summary><pre>$recipe</pre></details>
""")
