"""What a run directory tells: its state, how far it is, and what its candidates are at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from snas_cli.api import Trial
from snas_cli.experiment.planning import planned_generations, trials_in
from snas_cli.recipe.document import read_document
from snas_cli.recipe.loading import check
from snas_cli.recipe.resolve import space_of
from snas_cli.registry import Registry
from snas_cli.report.evaluations import evaluation_files
from snas_cli.report.page import account_of, parts_of
from snas_cli.report.pictures import Part
from snas_cli.runs.checkpoint import numbered_checkpoints
from snas_cli.runs.folder import RunFolder
from snas_cli.search.account import Account
from snas_cli.search.budget import epochs_of
from snas_cli.search.wording import Measure, duration
from snas_cli.ui.places import SEARCH, Places

RUNNING, STARTING, FINISHED, STOPPED, FAILED = (
    "running",
    "starting",
    "finished",
    "stopped",
    "failed to start",
)


def state_of(places: Places, name: str) -> str:
    """One of the five words above."""
    run = places.run(name)
    if not run.recipe.is_file():
        return STARTING if places.errand(name, SEARCH).running() else FAILED
    if run.running() or places.errand(name, SEARCH).running():
        return RUNNING
    return FINISHED if run.finished() else STOPPED


def account_at(run: RunFolder, registry: Registry) -> Account:
    """Raises RecipeError, RunError. A run that has not changed is not read again."""
    run.check_contents()
    files = (run.recipe, run.journal, run.best / "metrics.json")
    return _account(run, registry, tuple(map(_stamp, files)))


@lru_cache(maxsize=8)
def _account(run: RunFolder, registry: Registry, _stamps: tuple[object, ...]) -> Account:
    recipe = check(read_document(run.recipe), registry)
    return account_of(run, run.trials(space_of(recipe.space, registry)))


def parts_at(run: RunFolder, registry: Registry) -> list[Part]:
    """Of the report of a run that has a network. They take seconds to make, so those of a run that
    has not changed are not made again. Raises as `account_at`."""
    files = (run.recipe, run.journal, run.best / "metrics.json", *evaluation_files(run))
    return _parts(run, registry, tuple(map(_stamp, files)))


@lru_cache(maxsize=8)
def _parts(run: RunFolder, registry: Registry, _stamps: tuple[object, ...]) -> list[Part]:
    return parts_of(run, account_at(run, registry))


def _stamp(path: Path) -> tuple[int, int] | None:
    if not path.exists():
        return None
    status = path.stat()
    return status.st_mtime_ns, status.st_size


# --- how far it is --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    share: float  # 0 to 1, of the time or the trials
    words: str


def progress_of(account: Account) -> Progress:
    """The same words as in the terminal."""
    search, trials = account.recipe.search, account.trials
    elapsed = max((event.get("elapsed", 0.0) for event in account.events), default=0.0)
    generation = max((trial.generation for trial in trials), default=0) + 1
    generations = _planned_generations(account)
    planned = trials_in(search, generations) if generations else None
    if search.max_trials is not None:
        planned = min(search.max_trials, planned or search.max_trials)
    parts = [f"generation {generation}"]
    if search.generations is not None or not _open_ended(account):
        parts = [f"generation {generation} of {max(generations or 0, generation)}"]
    if planned is None:
        parts.append(f"{len(trials)} trials")
    else:
        parts.append(f"{len(trials)} of {max(planned, len(trials))} trials")
    spent = duration(elapsed)
    parts.append(spent if search.budget is None else f"{spent} of {duration(search.budget)}")
    return Progress(_share(account, elapsed, planned), ", ".join(parts))


def _open_ended(account: Account) -> bool:
    search = account.recipe.search
    limits = (search.budget, search.max_epochs, search.max_trials)
    return search.generations is None and any(limit is not None for limit in limits)


def _planned_generations(account: Account) -> int | None:
    """None where nothing says how many there will be."""
    planned = [event["generations"] for event in account.events if event["event"] == "planned"]
    if planned:
        return int(planned[-1])
    return None if _open_ended(account) else planned_generations(account.recipe.search)


def _share(account: Account, elapsed: float, planned: int | None) -> float:
    search = account.recipe.search
    if search.generations is None and search.budget is not None:
        return min(elapsed / search.budget, 1.0)
    if search.generations is None and search.max_epochs is not None:
        return min(epochs_of(account.trials) / search.max_epochs, 1.0)
    return min(len(account.trials) / max(planned or 1, 1), 1.0)


# --- candidates -----------------------------------------------------------------------------------


def jobs_of(account: Account, training: Collection[str], *, running: bool) -> list[dict[str, str]]:
    """A row for each candidate of the latest generation, those at work or waiting first; `training`
    are the fingerprints of those that workers are at."""
    proposed = [event for event in account.events if event["event"] == "proposed"]
    if not proposed:
        return []
    done = {trial.genome.fingerprint: trial for trial in account.trials}
    rungs = _rungs(account.events)
    rows = [
        _job(each, done.get(each["fingerprint"]), rungs.get(each["fingerprint"]), account.measure)
        for each in proposed[-1]["proposals"]
    ]
    for row, proposal in zip(rows, proposed[-1]["proposals"], strict=True):
        if not row["state"] and running:
            row["state"] = "at work" if proposal["fingerprint"] in training else "waiting"
        row["state"] = row["state"] or "not trained"
    return sorted(rows, key=lambda row: row["state"] in ("done", "failed"))


def _rungs(events: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many stages of training each candidate has reached, by its fingerprint."""
    return {
        event["fingerprint"]: len(event["rungs"]) for event in events if event["event"] == "rung"
    }


def _job(
    proposal: Mapping[str, Any], trial: Trial | None, rungs: int | None, measure: Measure
) -> dict[str, str]:
    row = {
        "family": proposal["architecture"]["family"],
        "made by": proposal["operator"],
        "state": "" if rungs is None else f"stage {rungs} reached",
        "result": "",
    }
    if trial is not None:
        row["state"] = "failed" if trial.failed else "done"
        row["result"] = trial.reason or measure.trial_text(trial)
    return row


@dataclass(frozen=True)
class Kept:
    """A checkpoint that can be gone on from."""

    path: Path
    generation: int
    nbytes: int


def checkpoints_of(run: RunFolder) -> Iterator[Kept]:
    """The latest first."""
    for path in reversed(numbered_checkpoints(run.path)):
        generation = int(path.stem.removeprefix("ckpt-gen"))
        yield Kept(path, generation, path.stat().st_size)
