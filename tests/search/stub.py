"""A search without training: fitness is a formula over the genome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from snas_cli.api import (
    Candidate,
    Choice,
    Evaluation,
    Flag,
    Genome,
    Layers,
    Ordinal,
    Proposal,
    SearchSetup,
    Space,
    Strategy,
    Trial,
)
from snas_cli.execution.inline import evaluate_inline
from snas_cli.registry import Registry
from snas_cli.search.listener import Listener
from snas_cli.search.loop import Record, Search

SPACE = Space(
    {
        "tall": {
            "layers": Layers(1, 9, {"width": Ordinal(1, 2, 4, 8), "kind": Choice("a", "b", "c")}),
            "rate": Ordinal(0.001, 0.01, 0.1),
        },
        "wide": {"size": Ordinal(1, 2, 4, 8, 16, 32), "flag": Flag(), "rate": Ordinal(0.01, 0.1)},
    }
)


def fitness(genome: Genome) -> float:
    """Best: a tall stack of eight wide layers of kind b at rate 0.01."""
    genes = genome.genes
    score = 1.0 if genes["rate"] == 0.01 else 0.0
    if genome.family == "wide":
        return score + genes["size"] / 64
    layers = genes["layers"]
    score += sum(layer["width"] / 8 + (layer["kind"] == "b") for layer in layers) / 8
    return score - abs(len(layers) - 8) / 4


def evaluate(candidates: Sequence[Candidate]) -> Iterator[Trial]:
    return evaluate_inline(candidates, judge)


def judge(candidate: Candidate) -> Evaluation:
    value = fitness(candidate.proposal.genome)
    return Evaluation(value, {"val_acc": value})


def setup(registry: Registry, **changes: Any) -> SearchSetup:
    names = registry.names("operator")
    settings: dict[str, Any] = {
        "space": SPACE,
        "operators": tuple((registry.operator(n), registry.operator(n).weight) for n in names),
        "admit": lambda _genome: True,
        "population_size": 10,
        "elites": 2,
        "tournament_size": 3,
        "mutation_rate": 0.2,
        "crossover_rate": 0.5,
    }
    return SearchSetup(**{**settings, **changes})


def run(
    strategy: Strategy,
    *,
    generations: int | None = 5,
    seed: int = 0,
    record: Record = Record(),  # noqa: B008 - frozen
    listener: Listener | None = None,
    **changes: Any,
) -> list[Trial]:
    """`changes` are those of `Search`: evaluate, rungs, budget, rank."""
    settings: dict[str, Any] = {"evaluate": evaluate, **changes}
    return Search(
        strategy=strategy,
        seed=seed,
        generations=generations,
        record=record,
        listener=listener or Listener(),
        **settings,
    ).run()


def by_fingerprint(candidates: Sequence[Candidate]) -> Iterator[Trial]:
    """Any genome of any space has some fitness."""

    def judge(candidate: Candidate) -> Evaluation:
        value = int(candidate.proposal.genome.fingerprint, 16) % 1000 / 1000
        return Evaluation(value, {"val_acc": value})

    return evaluate_inline(candidates, judge)


class Recorder(Listener):
    """Keeps what a journal would."""

    def __init__(self) -> None:
        self.proposals: dict[int, Sequence[Proposal]] = {}
        self.trials: list[Trial] = []
        self.rungs: list[Trial] = []
        self.halted: list[Trial] = []

    def proposed(self, generation: int, proposals: Sequence[Proposal]) -> None:
        self.proposals[generation] = proposals

    def rung_reached(self, trial: Trial) -> None:
        self.rungs.append(trial)

    def trial_finished(self, trial: Trial) -> None:
        self.trials.append(trial)

    def trial_halted(self, trial: Trial) -> None:
        self.halted.append(trial)

    def record(self, trials: int | None = None, generations: int | None = None) -> Record:
        """As of so many trials, in so many generations."""
        proposals = dict(list(self.proposals.items())[:generations])
        return Record(self.trials[:trials], proposals, list(self.rungs))
