"""A search in which candidates are trained on a data set and judged by its validation pictures."""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch

from snas_cli.api import (
    Candidate,
    Executor,
    Failure,
    Genome,
    Job,
    JobResult,
    Space,
    Trial,
    WorkerSetup,
    guarded,
)
from snas_cli.data.splits import Rows
from snas_cli.errors import RunError
from snas_cli.experiment.assembly import Assembly, assemble
from snas_cli.experiment.bulletins import take_down
from snas_cli.experiment.estimating import activations_within, estimate
from snas_cli.experiment.finale import Finale
from snas_cli.experiment.hardware import machine_in_words
from snas_cli.experiment.judging import Desk, Judge, Proceedings
from snas_cli.experiment.keeper import Keeper
from snas_cli.experiment.latency import LATENCY, Latencies
from snas_cli.experiment.limits import scarcity
from snas_cli.experiment.training_jobs import distant_setup
from snas_cli.recipe.quantities import format_bytes
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.runs.documents import DATA, read_checked
from snas_cli.runs.files import cannot_write, write_json, write_whole
from snas_cli.runs.folder import RunFolder
from snas_cli.search.listener import Listener
from snas_cli.training.batches import part_of_epoch
from snas_cli.training.candidates import fitness_of
from snas_cli.training.cost import structure_of


@dataclass(frozen=True)
class TrainingJudge(Judge):
    recipe: Recipe
    registry: Registry
    space: Space
    assembly: Assembly

    @property
    def subject(self) -> str:
        data = self.recipe.data
        if data.path is None:
            return data.dataset
        path = Path(data.path)
        return path.stem if path.is_file() else path.name

    def describe(self) -> list[tuple[str, str]]:
        return self.assembly.describe()

    def versions(self) -> dict[str, str]:
        device = self.assembly.workshop.data.device
        return {"torch": torch.__version__, "python": platform.python_version(),
                "device": str(device), "hardware": machine_in_words(device)}  # fmt: skip

    def executor(self) -> Executor:
        """Raises PluginError, SearchError."""
        settings = self.recipe.execution
        return self.registry.executor(settings.executor)(settings.all_options())

    def timely(self, notice: Callable[[str], None]) -> TrainingJudge:
        recipe, device = self.recipe, self.assembly.workshop.data.device
        if recipe.search.budget is None or recipe.limits.max_activation_bytes is not None:
            return self
        if device.type != "cpu":  # elsewhere time may go by other things
            return self
        notice("measuring how long networks take to train")
        most = activations_within(recipe.search.budget, self)
        if most is None:
            return self
        notice(
            f"networks that keep more than {format_bytes(most)} a picture in training are left "
            "out: there would be no time to train them in the end (limits.max_activation_bytes)"
        )
        limits = recipe.limits.model_copy(update={"max_activation_bytes": most})
        recipe = recipe.model_copy(update={"limits": limits})
        return replace(self, recipe=recipe, assembly=replace(self.assembly, recipe=recipe))

    def trials_within(self, seconds: float) -> float:
        return estimate(self).trials_within(seconds, self.executor().capacity)

    @property
    def epochs_each(self) -> float:
        settings, data = self.recipe.training, self.assembly.data
        return settings.epochs * part_of_epoch(data, settings)

    @cached_property
    def latencies(self) -> Latencies:
        return Latencies(self.assembly, self.registry)

    @property
    def times_networks(self) -> bool:
        limit, objectives = self.recipe.limits.max_latency_ms, self.recipe.search.objectives
        return limit is not None or LATENCY in objectives

    def measured(self, genome: Genome) -> Mapping[str, float]:
        return {LATENCY: self.latencies(genome)} if self.times_networks else {}

    def surely_over(self, genome: Genome, cost: Mapping[str, float]) -> bool:
        limit = self.recipe.limits.max_latency_ms
        return limit is not None and self.latencies.surely_over(genome, cost, limit)

    def weight(self, genome: Genome) -> float:
        """How much work it is to train it, next to others (see `activations_within`)."""
        cost = guarded(lambda: self.cost(genome))
        return 0.0 if isinstance(cost, Failure) else cost["activation_bytes"]

    def cost(self, genome: Genome) -> Mapping[str, float]:
        return {name: value for step in self.cost_in_steps(genome) for name, value in step.items()}

    def cost_in_steps(self, genome: Genome) -> Iterator[Mapping[str, float]]:
        structure = structure_of(genome)
        if structure in self._costs:
            yield self._costs[structure]
            return
        whole: dict[str, float] = {}
        for step in self.assembly.workshop.cost_in_steps(genome):
            whole |= step
            yield step
        self._costs[structure] = whole

    @cached_property
    def _costs(self) -> dict[str, Mapping[str, float]]:
        """By structure, of what was asked for all steps."""
        return {}

    def proxies(self, genome: Genome, names: Collection[str]) -> Mapping[str, float]:
        return self.assembly.proxies(genome, names)

    @cached_property
    def _digest(self) -> str:
        return self.assembly.data.digest()

    def digest(self) -> str:
        return self._digest

    def check(self, folder: RunFolder) -> None:
        data = self.assembly.data
        if not folder.data.exists():
            counts = {"train": len(data.train), "val": len(data.val), "test": len(data.test)}
            write_json(folder.data, {"digest": self.digest(), "classes": list(data.classes),
                                     **counts, "skipped": len(data.source.bad)})  # fmt: skip
        elif read_checked(folder.data, DATA)["digest"] != self.digest():
            raise RunError(
                f"the pictures are not those that {folder.path} was started with; "
                "put them back, or start a new search"
            )
        if not folder.splits.exists():  # the first runs had none; the digest is of these
            manifest = data.manifest()
            write_whole(folder.splits, lambda p: p.write_text(manifest, encoding="utf-8"))

    def open(self, desk: Desk) -> Proceedings:
        # One thread: the order of additions, and so every result, is the same on any machine's
        # number of cores.
        torch.set_num_threads(1)
        return _Proceedings(self, desk)


class _Proceedings(Proceedings):
    def __init__(self, judge: TrainingJudge, desk: Desk) -> None:
        self._judge = judge
        self._curves = desk.curves
        logs = desk.folder.path / "logs"
        for part in (logs, desk.folder.weights):  # a run that goes on may have lost them
            _make_folder(part)
        self._keeper = Keeper(judge.assembly, desk.folder, desk.record)
        judge.latencies.keep_in(desk.folder.path / "latency.json")
        for board in logs.glob("worker-*.json"):  # of workers that were killed
            take_down(board)
        setup = WorkerSetup(
            "snas_cli.experiment.training_jobs:make",
            {"run": str(desk.folder.path)},
            distant_setup(judge.assembly),
        )
        self._crew = judge.executor().open(setup, logs)
        self._finale = Finale(judge.assembly, desk, self._keeper, self._crew)

    def close(self) -> None:
        self._crew.close()

    @property
    def listener(self) -> Listener:
        return self._keeper

    def evaluate(self, candidates: Sequence[Candidate]) -> Iterator[Trial]:
        measured = {
            candidate.number: guarded(partial(self._judge.measured, candidate.proposal.genome))
            for candidate in candidates
        }  # before any training, which would slow the machine down
        waiting: dict[int, Candidate] = {}
        for candidate in candidates:
            outcome = measured[candidate.number]
            if isinstance(outcome, Failure):
                yield _failed(candidate, outcome.reason, 0.0)
            else:
                waiting[candidate.number] = candidate
        for result in self._crew.run([self._job(candidate) for candidate in waiting.values()]):
            yield self._trial(waiting[result.number], result)

    def _job(self, candidate: Candidate) -> Job:
        genome = candidate.proposal.genome
        job = self._keeper.job(genome, candidate.generation, candidate.rung)
        job = replace(job, proxies=() if candidate.rung else self._wanted_proxies)
        limit = self._judge.recipe.training.time_limit
        return Job(
            candidate.number,
            job.to_json(),
            weight=self._judge.weight(genome),
            # The training loop keeps to the limit by itself; what hangs elsewhere is ended here.
            time_limit=None if limit is None else 2 * limit + 60,
            reads=job.reads,
            writes=job.writes,
        )

    @property
    def _wanted_proxies(self) -> tuple[str, ...]:
        """Of every candidate, by the strategy that learns from them. Whoever trains it scores it,
        too, so that no worker waits for it."""
        search = self._judge.recipe.search
        wanted = self._judge.registry.strategy(search.strategy).wants_proxies
        return tuple(search.proxies) if wanted else ()

    def _trial(self, candidate: Candidate, result: JobResult) -> Trial:
        seconds = round(result.seconds, 3)
        if result.value is None:
            return _failed(candidate, result.reason, seconds)
        self._curves.searched(candidate, result.value["curve"])
        trained = result.value["metrics"]
        fitness = fitness_of(trained, self._judge.recipe.training)
        metrics = {**trained, **self._judge.measured(candidate.proposal.genome)}
        proxies = {**candidate.proposal.proxies, **result.value["proxies"]}
        proposal = replace(candidate.proposal, proxies=proxies)
        return Trial(candidate.number, candidate.generation, proposal, fitness, metrics,
                     seconds=seconds)  # fmt: skip

    def conclude(self, trials: Sequence[Trial], listener: Listener) -> dict[str, Any]:
        self._keeper.search_over()
        return self._finale.run(trials, listener)

    def seconds_to_conclude(self, trials: Sequence[Trial]) -> float:
        return self._finale.expected_seconds(trials)


def _make_folder(path: Path) -> None:
    """Raises RunError."""
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def _failed(candidate: Candidate, reason: str | None, seconds: float) -> Trial:
    return Trial(candidate.number, candidate.generation, candidate.proposal, None, reason=reason,
                 seconds=seconds)  # fmt: skip


def training_judge(
    recipe: Recipe,
    registry: Registry,
    *,
    splits: Rows | None = None,
    notice: Callable[[str], None] = lambda _what: None,
) -> TrainingJudge:
    """Reads the data, so it may take a while. Raises DataError, RecipeError, UsageError."""
    notice(f"reading {recipe.data.path or recipe.data.dataset}")
    assembly = assemble(recipe, registry, splits=splits, notice=notice)
    judge = TrainingJudge(assembly.recipe, registry, assembly.space, assembly)
    if splits is None and (warning := scarcity(judge)):  # a run that goes on has had it
        notice(warning)
    if judge.times_networks:
        notice("how quick a network is takes some seconds to find out, once for each structure")
    return judge
