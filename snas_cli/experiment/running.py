"""Starts a search, or goes on with one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from snas_cli import __version__
from snas_cli.api import Candidate, Evaluation, Trial
from snas_cli.data.splits import read_manifest
from snas_cli.errors import RunError
from snas_cli.execution.inline import evaluate_inline
from snas_cli.experiment.assembly import Assembly, assemble
from snas_cli.experiment.finale import Finale
from snas_cli.experiment.keeper import Keeper
from snas_cli.experiment.recorders import Hooks, Scribe
from snas_cli.recipe.document import read_document
from snas_cli.recipe.loading import check, dump
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.report.page import write_report
from snas_cli.runs.checkpoint import Checkpoint, load_checkpoint
from snas_cli.runs.files import read_json, write_json, write_whole
from snas_cli.runs.folder import RunFolder, create_run, open_run
from snas_cli.runs.journal import Journal, read_events, trial_from_json, trial_to_json
from snas_cli.search.listener import Listener, Listeners, Plan
from snas_cli.search.loop import Search
from snas_cli.training.candidates import fitness_of


@dataclass(frozen=True)
class Outcome:
    """A finished search."""

    folder: RunFolder
    trials: Sequence[Trial]
    best: Mapping[str, Any]  # best/metrics.json


def start(recipe: Recipe, registry: Registry, listener: Listener) -> Outcome:
    """Searches in a new run directory. Raises SnasError; KeyboardInterrupt leaves a run that can
    be resumed."""
    listener.notice(f"reading {recipe.data.path or recipe.data.dataset}")
    assembly = assemble(recipe, registry, notice=listener.notice)
    stem = _stem(Path(recipe.data.path)) if recipe.data.path else recipe.data.dataset
    folder = create_run(Path(recipe.output.folder), recipe.output.name, stem, dump(recipe))
    return _Run(assembly, folder, listener).go()


def _stem(path: Path) -> str:
    """What a run on these pictures is called."""
    return path.stem if path.is_file() else path.name


def resume(path: Path, registry: Registry, listener: Listener) -> Outcome:
    """Goes on with the run at `path`, a run directory or one of its checkpoints, as if it had
    never been stopped. Raises SnasError."""
    folder = open_run(path)
    checkpoint = load_checkpoint(path) if path.suffix == ".pkl" else None
    recipe = check(read_document(folder.recipe), registry)
    listener.notice(f"reading {recipe.data.path or recipe.data.dataset}")
    splits = read_manifest(folder.splits) if folder.splits.exists() else None
    assembly = assemble(recipe, registry, splits=splits, notice=listener.notice)
    return _Run(assembly, folder, listener, checkpoint).go()


class _Run:
    """One search at work in its folder."""

    def __init__(
        self,
        assembly: Assembly,
        folder: RunFolder,
        listener: Listener,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self._assembly = assembly
        self._folder = folder
        self._listener = listener
        self._checkpoint = checkpoint
        self._digest = assembly.data.digest()

    def go(self) -> Outcome:
        # One thread: the order of additions, and so every result, is the same on any machine's
        # number of cores.
        torch.set_num_threads(1)
        with self._folder.claim():
            self._check_data()
            self._set_aside_damaged_journal()
            best = self._folder.finished()
            if best is not None:
                trials = self._folder.trials(self._assembly.space)
                return Outcome(self._folder, trials, best)
            journal = Journal(self._folder.journal)
            try:
                return self._search(journal, self._recorded(journal))
            finally:
                journal.close()

    def _search(self, journal: Journal, recorded: Sequence[Trial]) -> Outcome:
        assembly, recipe = self._assembly, self._assembly.recipe
        journal.write("started", snas=__version__, torch=torch.__version__,
                      device=str(assembly.workshop.data.device),
                      recorded=len(recorded))  # fmt: skip
        keeper = Keeper(assembly, self._folder, recorded)
        scribe = Scribe(self._folder, journal, recipe, self._digest, recorded)
        listener = Listeners(
            scribe, keeper, self._listener, Hooks(assembly.registry, self._listener)
        )
        listener.search_started(self._plan(), recorded)
        strategy = assembly.registry.strategy(recipe.search.strategy)(assembly.setup())
        trials = Search(
            strategy=strategy,
            evaluate=lambda candidates: self._evaluate(candidates, keeper),
            seed=recipe.seed,
            generations=recipe.search.generations,
            recorded={trial.number: trial for trial in recorded},
            listener=listener,
        ).run()
        best = Finale(assembly, self._folder, journal, keeper).run(trials, listener)
        journal.write("finished", best=best)
        write_report(self._folder, trials)
        listener.search_finished(self._folder.path, best)
        return Outcome(self._folder, trials, best)

    def _evaluate(self, candidates: Sequence[Candidate], keeper: Keeper) -> Iterator[Trial]:
        def evaluate_one(candidate: Candidate) -> Evaluation:
            metrics = keeper.train(candidate.proposal.genome, candidate.generation)
            return Evaluation(fitness_of(metrics, self._assembly.recipe.training), metrics)

        return evaluate_inline(candidates, evaluate_one)

    def _check_data(self) -> None:
        """Raises RunError where the pictures are not those that the run began with."""
        path, data = self._folder.data, self._assembly.data
        if not path.exists():
            counts = {"train": len(data.train), "val": len(data.val), "test": len(data.test)}
            manifest = data.manifest()
            write_whole(self._folder.splits, lambda p: p.write_text(manifest, encoding="utf-8"))
            write_json(path, {"digest": self._digest, "classes": list(data.classes), **counts,
                              "skipped": len(data.source.bad)})  # fmt: skip
        elif read_json(path).get("digest") != self._digest:
            raise RunError(
                f"the pictures are not those that {self._folder.path} was started with; "
                "put them back, or start a new search"
            )

    def _set_aside_damaged_journal(self) -> None:
        """Where a checkpoint is given to go on from; without one, the damage is an error."""
        if self._checkpoint is None:
            return
        try:
            for _ in read_events(self._folder.journal):
                pass
        except RunError as error:
            aside = self._folder.path / "journal.damaged.jsonl"
            self._folder.journal.replace(aside)
            self._listener.notice(f"{error}; it is kept as {aside}, the checkpoint is used")

    def _recorded(self, journal: Journal) -> list[Trial]:
        """The trials of the journal. Those that only the checkpoint has are written to it first."""
        space, checkpoint = self._assembly.space, self._checkpoint
        trials = {trial.number: trial for trial in self._folder.trials(space)}
        if checkpoint is not None:
            if checkpoint.data_digest != self._digest:
                raise RunError("the checkpoint belongs to a run on other pictures")
            for document in checkpoint.trials:
                trial = trial_from_json(document, space)
                if trial.number not in trials:
                    journal.write("trial", **trial_to_json(trial))
                    trials[trial.number] = trial
        return [trials[number] for number in sorted(trials)]

    def _plan(self) -> Plan:
        recipe = self._assembly.recipe
        return Plan(
            folder=self._folder.path,
            recipe=recipe.model_dump(),
            summary=self._assembly.summary(),
            generations=recipe.search.generations,
            population_size=recipe.search.population_size,
            finalists=recipe.finale.top,
        )
