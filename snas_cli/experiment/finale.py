"""The end of a search: the leaders are trained again, longer, and one is chosen and tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from snas_cli.api import Trial
from snas_cli.execution.guard import Failure, guarded
from snas_cli.experiment.assembly import Assembly
from snas_cli.experiment.judging import Desk, description, search_metrics
from snas_cli.experiment.keeper import Keeper
from snas_cli.runs.weights import load_weights, save_weights
from snas_cli.search.listener import Listener
from snas_cli.search.ranking import leaders
from snas_cli.training.candidates import Trained, fitness_of


@dataclass(frozen=True)
class Finalist:
    """One training of a leader that did not fail."""

    trial: Trial
    metrics: Mapping[str, Any]
    weights: Path


class Finale:
    """Trains the leaders that are not in the journal yet, then publishes the winner."""

    def __init__(self, assembly: Assembly, desk: Desk, keeper: Keeper) -> None:
        self._assembly = assembly
        self._desk = desk
        self._keeper = keeper
        self._settings = assembly.recipe.finale

    def run(self, trials: Sequence[Trial], listener: Listener) -> dict[str, Any]:
        """The winner's metrics. The choice is made on validation alone; the test pictures are
        used once, for the winner."""
        top = leaders(trials, self._settings.top)
        finalists = list(self._train(top, listener))
        return self._choose(top, finalists)

    def expected_seconds(self, trials: Sequence[Trial]) -> float:
        """For all of it, by what the leaders' epochs took in the search."""
        top = leaders(trials, self._settings.top)
        return self._settings.seeds * sum(map(self._seconds, top))

    def _seconds(self, trial: Trial) -> float:
        """For one training."""
        return self._settings.epochs * trial.seconds / trial.metrics["epochs"]

    def _train(self, top: Sequence[Trial], listener: Listener) -> Iterator[Finalist]:
        """Every leader once, then every leader again: if the time runs out, all had their turn."""
        recorded = {
            (event["fingerprint"], event["repeat"]): event
            for event in self._desk.folder.events("finalist")
        }
        turns = [(repeat, trial) for repeat in range(self._settings.seeds) for trial in top]
        for turn, (repeat, trial) in enumerate(turns, 1):
            event = recorded.get((trial.genome.fingerprint, repeat))
            if event is None and self._seconds(trial) > self._desk.seconds_left():
                left_out = len(turns) - turn + 1
                listener.notice(f"no time is left for {left_out} of {len(turns)} final trainings")
                return
            if event is None:
                listener.finalist_started(trial.genome, turn, len(turns))
                event = self._train_once(trial, repeat)
                self._desk.journal.write("finalist", **event)
            if event["reason"] is None:
                metrics = {"stage": "final", **description(trial), **event["metrics"]}
                yield Finalist(trial, metrics, self._keeper.final_weights(trial.genome, repeat))

    def _train_once(self, trial: Trial, repeat: int) -> dict[str, Any]:
        outcome = guarded(lambda: self._trained(trial, repeat))
        event = {"trial": trial.number, "fingerprint": trial.genome.fingerprint, "repeat": repeat}
        if isinstance(outcome, Failure):
            return {**event, "reason": outcome.reason}
        weights = self._keeper.final_weights(trial.genome, repeat)
        save_weights(weights, outcome.network.state_dict(), trial.genome.fingerprint)
        return {**event, "reason": None, "metrics": dict(outcome.metrics)}

    def _trained(self, trial: Trial, repeat: int) -> Trained:
        workshop = self._assembly.workshop.with_whole_epochs()
        if repeat:
            workshop = workshop.varied(f"repeat {repeat}")
        start = None
        if self._settings.start == "search":
            start = load_weights(self._keeper.kept(trial), trial.genome.fingerprint)
        return workshop.train(trial.genome, self._settings.epochs, start=start)

    def _choose(self, top: Sequence[Trial], finalists: Sequence[Finalist]) -> dict[str, Any]:
        """The architecture whose trainings are the best on average; of these, the best one. A
        network from the search stays in the running, for longer training can make worse."""
        settings = self._assembly.recipe.training
        entries = list(finalists)
        entries += [Finalist(trial, search_metrics(trial), self._keeper.kept(trial))
                    for trial in top]  # fmt: skip

        def mean_fitness(entry: Finalist) -> float:
            alike = [e for e in entries if e.trial is entry.trial
                     and e.metrics["stage"] == entry.metrics["stage"]]  # fmt: skip
            return fmean(fitness_of(e.metrics, settings) for e in alike)

        winner = max(entries, key=lambda e: (mean_fitness(e), fitness_of(e.metrics, settings)))
        metrics = {**winner.metrics, **self._tested(winner)}
        repeats = [f for f in finalists if f.trial is winner.trial]
        if len(repeats) > 1 and metrics["stage"] == "final":
            tested = [self._tested(finalist) for finalist in repeats]
            metrics |= {"repeats": len(repeats)}
            metrics |= _spread("val_acc", [finalist.metrics["val_acc"] for finalist in repeats])
            metrics |= _spread("test_acc", [scores["test_acc"] for scores in tested])
        self._keeper.publish(winner.trial.genome, winner.weights, metrics)
        return metrics

    def _tested(self, finalist: Finalist) -> dict[str, float]:
        workshop, genome = self._assembly.workshop, finalist.trial.genome
        network = workshop.build(genome)
        network.load_state_dict(load_weights(finalist.weights, genome.fingerprint))
        return workshop.test(network)


def _spread(name: str, values: Sequence[float]) -> dict[str, float]:
    return {f"{name}_mean": fmean(values), f"{name}_sd": stdev(values)}
