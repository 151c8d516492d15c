"""Starts a search, or goes on with one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from snas_cli import __version__
from snas_cli.api import Observer, Strategy, Trial
from snas_cli.data.splits import read_manifest
from snas_cli.errors import CheckpointError, RunError, SearchError, UsageError
from snas_cli.experiment.by_evaluator import evaluator_judge
from snas_cli.experiment.by_training import TrainingJudge, training_judge
from snas_cli.experiment.controls import LEARNING_RATES, Ending, random_recipe, train_hand_made
from snas_cli.experiment.curves import Curves
from snas_cli.experiment.judging import Desk, Judge
from snas_cli.experiment.observing import Observing, observers_of
from snas_cli.experiment.planning import (
    describe_search,
    expected_trials,
    planned_generations,
    rank_of,
    rungs_for,
    setup_for,
    trials_in,
)
from snas_cli.experiment.recorders import Hooks, Scribe, Stopwatch
from snas_cli.recipe.document import read_document
from snas_cli.recipe.loading import check, dump
from snas_cli.recipe.schema import TRAINING, Recipe
from snas_cli.registry import Registry
from snas_cli.report.page import write_report
from snas_cli.runs.checkpoint import LATEST, Checkpoint, sound_checkpoint
from snas_cli.runs.files import write_json, write_whole
from snas_cli.runs.folder import RunFolder, create_run, open_run
from snas_cli.runs.journal import (
    Journal,
    mend,
    proposal_from_json,
    proposal_to_json,
    read_events,
    trial_from_json,
    trial_to_json,
)
from snas_cli.search.budget import Budget, epochs_of
from snas_cli.search.listener import Listener, Listeners, Plan
from snas_cli.search.loop import Record, Search


@dataclass(frozen=True)
class Outcome:
    """A finished search."""

    folder: RunFolder
    trials: Sequence[Trial]
    best: Mapping[str, Any]  # best/metrics.json


@dataclass(frozen=True)
class Changes:
    """What is to be different when a run goes on."""

    seconds: float | None = None  # more of them
    generations: int | None = None  # in all
    workers: int | None = None  # at the same time

    @property
    def extend(self) -> bool:
        return self.seconds is not None or self.generations is not None


def start(recipe: Recipe, registry: Registry, listener: Listener) -> Outcome:
    """Searches in a new run directory. Raises SnasError; KeyboardInterrupt leaves a run that can
    be resumed."""
    observers = observers_of(recipe, registry)
    judge = _judge(recipe, registry, listener).timely(listener.notice)
    folder = create_run(
        Path(recipe.output.folder), recipe.output.name, judge.subject, dump(judge.recipe)
    )
    return _Run(judge, folder, listener, observers).go()


def resume(
    path: Path, registry: Registry, listener: Listener, changes: Changes | None = None
) -> Outcome:
    """Goes on with the run at `path`, a run directory or one of its checkpoints, as if it had
    never been stopped, but for the changes. Raises SnasError."""
    changes = changes or Changes()
    folder = open_run(path)
    checkpoint = _checkpoint(path, folder, listener)
    recipe = _changed(check(read_document(folder.recipe), registry), folder, changes)
    observers = observers_of(recipe, registry)
    judge = _judge(recipe, registry, listener, folder)
    return _Run(judge, folder, listener, observers, checkpoint, extended=changes.extend).go()


def _checkpoint(path: Path, folder: RunFolder, listener: Listener) -> Checkpoint | None:
    """The one that is asked for; without one, the latest where the journal has lost something."""
    asked_for = path.suffix == ".pkl"
    with folder.claim():
        remark = mend(folder.journal)
    if remark is not None:
        listener.notice(remark)
    if not asked_for and (remark is None or not (folder.path / LATEST).exists()):
        return None
    try:
        checkpoint, remark = sound_checkpoint(path if asked_for else folder.path / LATEST)
    except CheckpointError as error:
        if asked_for:
            raise
        listener.notice(f"{error}; what the journal has lost is done again")
        return None
    if remark is not None:
        listener.notice(remark)
    return checkpoint


def _judge(
    recipe: Recipe, registry: Registry, listener: Listener, folder: RunFolder | None = None
) -> Judge:
    """For a new run, or for the one in `folder`."""
    if recipe.evaluator.name != TRAINING:
        return evaluator_judge(recipe, registry)
    splits = read_manifest(folder.splits) if folder and folder.splits.exists() else None
    return training_judge(recipe, registry, splits=splits, notice=listener.notice)


def _changed(recipe: Recipe, folder: RunFolder, changes: Changes) -> Recipe:
    """Raises UsageError for an extension that would not be longer."""
    execution = recipe.execution
    if changes.workers is not None:
        execution = execution.model_copy(update={"workers": changes.workers})
    search: dict[str, Any] = {}
    if changes.extend:  # whatever ended it before
        search = {"max_trials": None, "max_epochs": None, "budget": None}
    if changes.generations is not None:
        done = len(set(_generations(folder)))
        if changes.generations <= done:
            raise UsageError(
                f"{folder.path} has had {done} generations already; for more, ask for more than "
                f"that: --generations {done + 6}"
            )
        search["generations"] = changes.generations
    if changes.seconds is not None:
        elapsed = Stopwatch(read_events(folder.journal))()
        search["budget"] = elapsed + changes.seconds
        search.setdefault("generations", None)
    settings = recipe.search.model_copy(update=search)
    return recipe.model_copy(update={"search": settings, "execution": execution})


def _generations(folder: RunFolder) -> list[int]:
    return [event["generation"] for event in folder.events("generation")]


class _Run:
    """One search at work in its folder."""

    def __init__(
        self,
        judge: Judge,
        folder: RunFolder,
        listener: Listener,
        observers: Sequence[Observer],
        checkpoint: Checkpoint | None = None,
        *,
        extended: bool = False,
    ) -> None:
        self._judge = judge
        self._folder = folder
        self._listener = listener
        self._observing = Observing(observers, folder, listener)
        self._checkpoint = checkpoint
        self._extended = extended

    def go(self) -> Outcome:
        with self._folder.claim():
            self._judge.check(self._folder)
            best = self._folder.finished()
            if best is not None and not self._extended:
                return Outcome(self._folder, self._folder.trials(self._judge.space), best)
            journal = Journal(self._folder.journal)
            try:
                if self._extended:
                    self._note_extension(journal)
                with self._observing:
                    return self._search(journal, self._record(journal))
            finally:
                journal.close()

    def _note_extension(self, journal: Journal) -> None:
        text = dump(self._judge.recipe)
        write_whole(self._folder.recipe, lambda path: path.write_text(text, encoding="utf-8"))
        journal.write("extended", search=self._judge.recipe.search.model_dump())

    def _search(self, journal: Journal, record: Record) -> Outcome:
        judge, search = self._judge, self._judge.recipe.search
        elapsed = Stopwatch(read_events(self._folder.journal))
        budget = search.budget or inf
        curves = Curves(journal, read_events(self._folder.journal))
        self._observing.curves_from(curves.of)
        desk = Desk(self._folder, journal, record, curves, lambda: budget - elapsed())
        journal.write("started", snas=__version__, recorded=len(record.trials),
                      **judge.versions())  # fmt: skip
        generations = self._planned_generations(journal)
        plan = self._plan(generations)
        journal.write("plan", summary=[list(row) for row in plan.summary])
        scribe = Scribe(judge, desk, elapsed)
        with judge.open(desk) as proceedings:
            listener = Listeners(
                scribe,
                proceedings.listener,
                self._listener,
                Hooks(judge.registry, self._listener, curves),
                self._observing,
            )
            listener.search_started(plan, record.trials)
            reserve = proceedings.seconds_to_conclude
            loop = Search(
                strategy=self._strategy(generations),
                evaluate=proceedings.evaluate,
                seed=judge.recipe.seed,
                generations=None if self._open_ended else generations,
                listener=listener,
                record=record,
                rungs=rungs_for(search, generations),
                rank=rank_of(judge.recipe),
                patience=judge.patience,
                budget=Budget(
                    search.max_trials, search.max_epochs, search.budget, elapsed, reserve
                ),
            )
            try:
                trials = loop.run()
            except SearchError:  # all failed, say; the report tells of each trial why
                write_report(self._folder, self._folder.trials(judge.space))
                raise
            scribe.search_over()
            best = proceedings.conclude(trials, listener)
        if search_worth := self._controls(trials, best, journal):
            best["controls"] = search_worth
            write_json(self._folder.best / "metrics.json", best)
        self._observing.concluded(best)
        journal.write("finished", best=best, elapsed=elapsed())
        write_report(self._folder, trials)
        listener.search_finished(self._folder.path, best)
        return Outcome(self._folder, trials, best)

    def _controls(
        self, trials: Sequence[Trial], best: Mapping[str, Any], journal: Journal
    ) -> dict[str, Any]:
        """What the same training comes to without the search, if the recipe asks for it."""
        judge = self._judge
        if not judge.recipe.finale.controls or not isinstance(judge, TrainingJudge):
            return {}
        ending = Ending.of(best, self._folder.events("finalist"))
        done = {event["name"]: event["metrics"] for event in self._folder.events("control")}
        if "hand_made" not in done:
            self._listener.notice(f"control: a network made by hand, {ending.epochs} epochs with "
                                  f"each of {len(LEARNING_RATES)} learning rates")  # fmt: skip
            done["hand_made"] = train_hand_made(judge.assembly, best, ending.epochs)
            journal.write("control", name="hand_made", metrics=done["hand_made"])
        if "random" not in done:
            self._listener.notice("control: random search, for as many epochs as the search")
            done["random"] = dict(self._random_search(epochs_of(trials), ending).best)
            journal.write("control", name="random", metrics=done["random"])
        return done

    def _random_search(self, epochs: float, ending: Ending) -> Outcome:
        recipe = random_recipe(self._judge.recipe, self._folder, epochs, ending)
        folder = RunFolder(self._folder.path / "controls" / "random")
        if folder.recipe.is_file():
            return resume(folder.path, self._judge.registry, Listener())
        return start(recipe, self._judge.registry, Listener())

    def _strategy(self, generations: int) -> Strategy:
        judge = self._judge
        chosen = judge.registry.strategy(judge.recipe.search.strategy)
        return chosen(setup_for(judge, generations))

    def _planned_generations(self, journal: Journal) -> int:
        """How many there will be, as far as one can tell."""
        search = self._judge.recipe.search
        if not self._open_ended or search.budget is None:
            return planned_generations(search, expected_trials(search, self._judge.epochs_each))
        planned = [event["generations"] for event in self._folder.events("planned")]
        if planned and not self._extended:
            return int(planned[-1])  # said once, for the levels depend on it
        self._listener.notice("measuring how long a candidate takes")
        trials = self._judge.trials_within(search.budget)
        generations = planned_generations(search, trials)
        journal.write("planned", generations=generations)
        self._listener.notice(f"candidates that there is time for: about {max(trials, 1):,.0f}")
        return generations

    @property
    def _open_ended(self) -> bool:
        """Does the search go on for as long as its budget lasts?"""
        search = self._judge.recipe.search
        limits = (search.budget, search.max_epochs, search.max_trials)
        return search.generations is None and any(limit is not None for limit in limits)

    def _record(self, journal: Journal) -> Record:
        """What the journal has. Trials that only the checkpoint has are written to it first."""
        self._restore(journal)
        space, folder = self._judge.space, self._folder
        proposals = {
            event["generation"]: [proposal_from_json(p, space) for p in event["proposals"]]
            for event in folder.events("proposed")
        }
        rungs = [trial_from_json(event, space) for event in folder.events("rung")]
        return Record(folder.finished_trials(space), proposals, rungs)

    def _restore(self, journal: Journal) -> None:
        checkpoint = self._checkpoint
        if checkpoint is None:
            return
        if checkpoint.data_digest != self._judge.digest():
            raise RunError("the checkpoint belongs to a run on other pictures")
        proposed = {event["generation"] for event in self._folder.events("proposed")}
        written = {event["number"] for event in self._folder.events("trial")}
        trials = [trial_from_json(document, self._judge.space) for document in checkpoint.trials]
        for generation in range(checkpoint.generation):
            alike = [trial.proposal for trial in trials if trial.generation == generation]
            if generation not in proposed:
                journal.write("proposed", generation=generation,
                              proposals=[proposal_to_json(p) for p in alike])  # fmt: skip
        for trial in trials:
            if trial.number not in written:
                journal.write("trial", **trial_to_json(trial))

    def _plan(self, generations: int) -> Plan:
        recipe = self._judge.recipe
        return Plan(
            folder=self._folder.path,
            recipe=recipe.model_dump(),
            summary=[*self._judge.describe(), *describe_search(recipe, generations)],
            generations=generations,
            trials=trials_in(recipe.search, generations),
            finalists=recipe.finale.top * recipe.finale.seeds,
        )
