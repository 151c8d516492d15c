"""A search in which candidates are trained on a data set and judged by its validation pictures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from snas_cli.api import Candidate, Evaluation, Genome, Space, Trial
from snas_cli.data.splits import Rows
from snas_cli.errors import RunError
from snas_cli.execution.inline import evaluate_inline
from snas_cli.experiment.assembly import Assembly, assemble
from snas_cli.experiment.estimating import estimate
from snas_cli.experiment.finale import Finale
from snas_cli.experiment.judging import Desk, Judge, Proceedings
from snas_cli.experiment.keeper import Keeper
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.runs.files import read_json, write_json, write_whole
from snas_cli.runs.folder import RunFolder
from snas_cli.search.listener import Listener
from snas_cli.training.candidates import fitness_of
from snas_cli.training.proxies import ProxyBench


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
        return {"torch": torch.__version__, "device": str(self.assembly.workshop.data.device)}

    def trials_within(self, seconds: float) -> float:
        return estimate(self).trials_within(seconds)

    def cost(self, genome: Genome) -> Mapping[str, float]:
        return vars(self.assembly.workshop.cost(genome))

    @cached_property
    def _bench(self) -> ProxyBench:
        proxies = [self.registry.proxy(name) for name in self.recipe.search.proxies]
        return ProxyBench(self.assembly.workshop, proxies)

    def proxies(self, genome: Genome, names: Collection[str]) -> Mapping[str, float]:
        return self._bench(genome, names)

    @cached_property
    def _digest(self) -> str:
        return self.assembly.data.digest()

    def digest(self) -> str:
        return self._digest

    def check(self, folder: RunFolder) -> None:
        data = self.assembly.data
        if not folder.data.exists():
            counts = {"train": len(data.train), "val": len(data.val), "test": len(data.test)}
            manifest = data.manifest()
            write_whole(folder.splits, lambda p: p.write_text(manifest, encoding="utf-8"))
            write_json(folder.data, {"digest": self.digest(), "classes": list(data.classes),
                                     **counts, "skipped": len(data.source.bad)})  # fmt: skip
        elif read_json(folder.data).get("digest") != self.digest():
            raise RunError(
                f"the pictures are not those that {folder.path} was started with; "
                "put them back, or start a new search"
            )

    def open(self, desk: Desk) -> Proceedings:
        # One thread: the order of additions, and so every result, is the same on any machine's
        # number of cores.
        torch.set_num_threads(1)
        return _Proceedings(self.assembly, desk)


class _Proceedings(Proceedings):
    def __init__(self, assembly: Assembly, desk: Desk) -> None:
        self._settings = assembly.recipe.training
        self._keeper = Keeper(assembly, desk.folder, desk.recorded)
        self._finale = Finale(assembly, desk, self._keeper)

    @property
    def listener(self) -> Listener:
        return self._keeper

    def evaluate(self, candidates: Sequence[Candidate]) -> Iterator[Trial]:
        return evaluate_inline(candidates, self._evaluate_one)

    def _evaluate_one(self, candidate: Candidate) -> Evaluation:
        genome, generation = candidate.proposal.genome, candidate.generation
        metrics = self._keeper.train(genome, generation, candidate.rung)
        return Evaluation(fitness_of(metrics, self._settings), metrics)

    def conclude(self, trials: Sequence[Trial], listener: Listener) -> dict[str, Any]:
        return self._finale.run(trials, listener)

    def seconds_to_conclude(self, trials: Sequence[Trial]) -> float:
        return self._finale.expected_seconds(trials)


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
    return TrainingJudge(recipe, registry, assembly.space, assembly)
