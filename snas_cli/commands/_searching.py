"""Shows a search as it goes and what came of it; shared by `snas search` and `snas resume`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from snas_cli.api import Trial
from snas_cli.commands._options import console, print_json
from snas_cli.errors import RunError
from snas_cli.experiment.running import Outcome
from snas_cli.runs.journal import trial_to_json
from snas_cli.search.listener import Listener, Listeners, Plan
from snas_cli.search.ranking import leaders
from snas_cli.terminal.progress import LiveView, LogView
from snas_cli.terminal.tables import leaders_table
from snas_cli.terminal.words import GOOD, cost, percent, score

INTERRUPTED = 130  # the shell's code for Ctrl-C


class _Whereabouts(Listener):
    """Remembers the run directory, for whoever interrupts."""

    folder: Path | None = None

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        self.folder = plan.folder


def run_search(search: Callable[[Listener], Outcome], *, as_json: bool) -> None:
    """Runs `search` with a view of it, then prints the result. Raises SnasError."""
    screen = console(as_json=as_json)
    whereabouts = _Whereabouts()
    try:
        outcome = _watched(search, whereabouts, screen)
    except KeyboardInterrupt:
        _say_how_to_go_on(whereabouts.folder)
        raise typer.Exit(INTERRUPTED) from None
    except RunError as error:
        if whereabouts.folder is None:
            raise
        raise RunError(
            f"{error}\nevery finished trial is kept; when that is mended, go on with: "
            f"snas resume {whereabouts.folder}"
        ) from error
    if as_json:
        print_json(_summary(outcome))
    else:
        _show(outcome, screen)


def _watched(
    search: Callable[[Listener], Outcome], whereabouts: _Whereabouts, screen: Console
) -> Outcome:
    if screen.is_terminal:
        with LiveView(screen) as view:
            return search(Listeners(whereabouts, view))
    log = LogView(lambda line: print(line, file=screen.file, flush=True))
    return search(Listeners(whereabouts, log))


def _say_how_to_go_on(folder: Path | None) -> None:
    if folder is None:
        print("snas: stopped before the search began", file=sys.stderr)
        return
    print("snas: stopped; every finished trial is kept", file=sys.stderr)
    print(f"snas: go on with: snas resume {folder}", file=sys.stderr)


def _show(outcome: Outcome, screen: Console) -> None:
    best, folder = outcome.best, outcome.folder.path
    failed = sum(trial.failed for trial in outcome.trials)
    screen.print(leaders_table(leaders(outcome.trials, 5)))
    if failed:
        screen.print(f"{failed} of {len(outcome.trials)} candidates failed; `snas runs show "
                     f"{folder}` says why")  # fmt: skip
    if "params" in best:
        screen.print(f"The network kept: trial {best['trial']}, {best['family']}, {cost(best)}")
        _show_accuracies(best, screen)
    else:
        screen.print(f"The best: trial {best['trial']}, {best['family']}, "
                     f"[{GOOD}]{score(best['fitness'], best)}[/]\n")  # fmt: skip
    screen.print("[bold]Next[/]")
    for command, purpose in _next_commands(folder, trained="params" in best):
        screen.print(f"  {command:<44} {purpose}", style="default", soft_wrap=True)


def _show_accuracies(best: Mapping[str, Any], screen: Console) -> None:
    spread = {
        name: f" ± {100 * best[f'{name}_sd']:.2f} around {percent(best[f'{name}_mean'])} over "
        f"{best['repeats']} trainings"
        for name in ("val_acc", "test_acc") if "repeats" in best
    }  # fmt: skip
    screen.print(
        f"validation accuracy [{GOOD}]{percent(best['val_acc'])}[/]{spread.get('val_acc', '')}\n"
        f"test accuracy       [{GOOD}]{percent(best['test_acc'])}[/]{spread.get('test_acc', '')}  "
        "on pictures that no choice was made by"
    )
    names = {"random": "random search, as many epochs", "hand_made": "a network made by hand"}
    for name, metrics in best.get("controls", {}).items():
        gain = 100 * (best["test_acc"] - metrics["test_acc"])
        screen.print(f"  {names[name]:<30} {percent(metrics['test_acc'])}, "
                     f"{cost(metrics)}: the search is worth {gain:+.2f} points")  # fmt: skip
    screen.print()


def _next_commands(folder: Path, *, trained: bool) -> list[tuple[str, str]]:
    if not trained:
        return [(f"snas runs show {folder}", "what was found"),
                (f"{folder}/report.html", "the whole story")]  # fmt: skip
    return [
        (f"snas evaluate {folder}", "precision, recall, mistakes"),
        (f"snas export {folder} --format all", "files to deploy, checked"),
        (f"{folder}/report.html", "the whole story"),
    ]


def _summary(outcome: Outcome) -> Mapping[str, Any]:
    return {
        "folder": str(outcome.folder.path),
        "best": outcome.best,
        "trials": [trial_to_json(trial) for trial in outcome.trials],
    }
