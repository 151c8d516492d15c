"""The end of a search: the finalists are trained again, longer, and one is chosen and tested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from torch import nn

from snas_cli.api import CandidateError, Executor, Job, Trial
from snas_cli.experiment.assembly import Assembly
from snas_cli.experiment.judging import Desk, description, search_metrics
from snas_cli.experiment.keeper import Keeper
from snas_cli.experiment.latency import LATENCY
from snas_cli.experiment.scoring import evaluated_on, write_evaluation
from snas_cli.experiment.training_jobs import TrainingJob
from snas_cli.runs.weights import load_into
from snas_cli.search.listener import Listener
from snas_cli.search.ranking import finalists, leaders
from snas_cli.training.candidates import fitness_of
from snas_cli.training.mirroring import objection

# A network of 73,000 parameters had, on 8,000 photographs, 75.5 % on test pictures after 30 epochs,
# 78.7 after 45 and 79.6 after 70: more than a second leader to choose from is worth.
ENOUGH = 0.75  # of the epochs that a network by itself could have, for it to be one of several
PLENTY = 40  # epochs, with which a better network is not given up for a quicker one


@dataclass(frozen=True)
class Finalist:
    """One training that did not fail."""

    trial: Trial
    metrics: Mapping[str, Any]
    weights: Path


class Finale:
    """Trains the finalists that are not in the journal yet, then publishes the winner."""

    def __init__(self, assembly: Assembly, desk: Desk, keeper: Keeper, crew: Executor) -> None:
        self._assembly = assembly
        self._desk = desk
        self._keeper = keeper
        self._crew = crew
        self._settings = assembly.recipe.finale
        self._mirrored = False  # are they trained on mirrored pictures, which is found out?
        # Read once, for the journal is long and a budget asks after each trial.
        self._done = {(event["fingerprint"], event["repeat"]): event
                      for event in desk.folder.events("finalist")}  # fmt: skip

    def run(self, trials: Sequence[Trial], listener: Listener) -> dict[str, Any]:
        """The winner's metrics. The choice is made on validation alone; the test pictures are
        used once, for the winner."""
        top, (leader,) = finalists(trials, self._settings.top), leaders(trials, 1)
        self._mirrored = self._may_mirror(leader, listener)
        self._train(top, listener)
        searched = top if leader in top else [*top, leader]
        return self._choose(searched, list(self._trained(trials)), listener)

    def _may_mirror(self, leader: Trial, listener: Listener) -> bool:
        """Where neither the recipe nor the data set says it, the leader's answers do."""
        assembly = self._assembly
        said = (assembly.recipe.training.augmentation.flip, assembly.data.mirrored)
        if said != (None, None):
            return False  # training does as it is said
        network = self._network(Finalist(leader, {}, self._keeper.kept(leader)))
        against = objection(network, assembly.data)
        if against is None:
            listener.notice("pictures are known as well when mirrored: half of those to learn from "
                            "are, from here on (training.augmentation.flip)")  # fmt: skip
        else:
            listener.notice(f"no pictures are mirrored: {against} (training.augmentation.flip)")
        return against is None

    def expected_seconds(self, trials: Sequence[Trial]) -> float:
        """For all of it, by what the finalists' epochs took in the search."""
        top, repeats = finalists(trials, self._settings.top), range(self._settings.seeds)
        return sum(
            self._seconds([t for t in top if (t.genome.fingerprint, repeat) not in self._done])
            for repeat in repeats
        )

    def _seconds(self, trials: Sequence[Trial]) -> float:
        """For one training of each, as many at the same time as there are workers."""
        each = [_seconds_an_epoch(trial) for trial in trials]
        at_once = min(self._crew.capacity, len(trials)) or 1
        return max(max(each, default=0.0), sum(each) / at_once) * self._settings.epochs

    def _train(self, top: Sequence[Trial], listener: Listener) -> None:
        """Every finalist once, then every one again: if the time runs out, all had their turn."""
        done = self._done
        for repeat in range(self._settings.seeds):
            waiting = [t for t in top if (t.genome.fingerprint, repeat) not in done]
            epochs = self._epochs_left(waiting, self._settings.seeds - repeat)
            if waiting and not epochs:
                times = f"{repeat} of {self._settings.seeds} times"
                listener.notice(f"the time is up: the best were trained again {times}")
                return
            for remark in self._shortened(waiting, epochs):
                listener.notice(remark)
            timely = [trial for trial in waiting if trial.number in epochs]
            for event in self._repeat(timely, repeat, epochs, listener):
                self._desk.journal.write("finalist", **event)
                done[event["fingerprint"], repeat] = event

    def _trained(self, trials: Sequence[Trial]) -> Iterator[Finalist]:
        """All that were trained again, those too that were before the search went on for longer."""
        ranked = leaders(trials, len(trials))
        for repeat in range(self._settings.seeds):
            for trial in ranked:
                again = self._done.get((trial.genome.fingerprint, repeat))
                if again is not None and again["reason"] is None:
                    metrics = {"stage": "final", **description(trial), **again["metrics"],
                               **_measured(trial)}  # fmt: skip
                    weights = self._keeper.final_weights(trial.genome, repeat)
                    yield Finalist(trial, metrics, weights)

    def _epochs_left(self, trials: Sequence[Trial], repeats: int) -> dict[int, int]:
        """How many of the finale's there is time for, by trial, if so many repeats are yet to have
        equal parts of it; a tenth of it is left for the rest. Rather than that all have few, the
        last of them go without; before that, who is so slow that it could have but few even by
        itself. None has fewer than it had in the search."""
        left = max(0.9 * self._desk.seconds_left(), 0.0) / repeats
        most = self._settings.epochs
        least = {trial.number: min(ceil(trial.metrics["epochs"]), most) for trial in trials}
        each = {trial.number: _seconds_an_epoch(trial) for trial in trials}
        alone = {
            number: epochs_within([seconds], most, left)[0] for number, seconds in each.items()
        }
        enough = min(ENOUGH * max(alone.values(), default=0), PLENTY)
        timely = [number for number in each if alone[number] >= max(enough, least[number])]
        while timely:
            epochs = epochs_within([each[n] for n in timely], most, left, self._crew.capacity)
            granted = dict(zip(timely, epochs, strict=True))
            if all(granted[n] >= max(ENOUGH * alone[n], least[n]) for n in timely):
                return granted
            timely.pop()
        return {}

    def _shortened(self, trials: Sequence[Trial], epochs: Mapping[int, int]) -> Iterator[str]:
        """What time does not allow."""
        for trial in trials:
            if trial.number not in epochs:
                yield f"there is no time to train trial {trial.number} again"
            elif epochs[trial.number] < self._settings.epochs:
                yield (f"time is left for {epochs[trial.number]} of {self._settings.epochs} epochs "
                       f"of trial {trial.number}")  # fmt: skip

    def _repeat(
        self, trials: Sequence[Trial], repeat: int, epochs: Mapping[int, int], listener: Listener
    ) -> Iterator[dict[str, Any]]:
        """What the journal is to say of each training."""
        for rank, trial in enumerate(trials, 1):
            listener.finalist_started(trial.genome, rank, len(trials))
        by_number = {trial.number: trial for trial in trials}
        for result in self._crew.run([self._job(t, repeat, epochs[t.number]) for t in trials]):
            event = {"trial": result.number, "repeat": repeat, "reason": result.reason,
                     "fingerprint": by_number[result.number].genome.fingerprint}  # fmt: skip
            if result.value is None:
                yield event
            else:
                self._desk.curves.retrained(result.number, repeat, result.value["curve"])
                yield {**event, "metrics": result.value["metrics"]}

    def _job(self, trial: Trial, repeat: int, epochs: int) -> Job:
        """From scratch, or from the weights of the search."""
        from_search = self._settings.start == "search"
        job = TrainingJob(
            trial.genome,
            str(self._keeper.final_weights(trial.genome, repeat)),
            variant=f"repeat {repeat}" if repeat else "",
            epochs=epochs,
            whole_epochs=True,
            mirrored=self._mirrored,
            start=str(self._keeper.kept(trial)) if from_search else None,
        )
        return Job(
            trial.number,
            job.to_json(),
            weight=_seconds_an_epoch(trial) * epochs,
            reads=job.reads,
            writes=job.writes,
        )

    def _choose(
        self, searched: Sequence[Trial], trained: Sequence[Finalist], listener: Listener
    ) -> dict[str, Any]:
        """The architecture whose trainings are the best on average; of these, the best one; of
        equals, the one with the least loss. A network from the search stays in the running, for
        longer training can make worse."""
        settings = self._assembly.recipe.training
        entries = list(trained)
        entries += [Finalist(trial, search_metrics(trial), self._keeper.kept(trial))
                    for trial in searched]  # fmt: skip

        def mean_fitness(entry: Finalist) -> float:
            alike = [e for e in entries if e.trial is entry.trial
                     and e.metrics["stage"] == entry.metrics["stage"]]  # fmt: skip
            return fmean(fitness_of(e.metrics, settings) for e in alike)

        def merit(entry: Finalist) -> tuple[float, float, float]:
            metrics = entry.metrics
            return mean_fitness(entry), fitness_of(metrics, settings), -metrics["val_loss"]

        winner = max(entries, key=merit)
        metrics = {**winner.metrics, **self._tested(winner)}
        repeats = [f for f in trained if f.trial is winner.trial]
        if len(repeats) > 1 and metrics["stage"] == "final":
            tested = [self._tested(finalist) for finalist in repeats]
            metrics |= {"repeats": len(repeats)}
            metrics |= _spread("val_acc", [finalist.metrics["val_acc"] for finalist in repeats])
            metrics |= _spread("test_acc", [scores["test_acc"] for scores in tested])
        self._keeper.publish(winner.trial.genome, winner.weights, metrics)
        self._write_scores(winner, listener)
        return metrics

    def _tested(self, finalist: Finalist) -> dict[str, float]:
        return self._assembly.workshop.test(self._network(finalist))

    def _write_scores(self, winner: Finalist, listener: Listener) -> None:
        """What it takes for what, for the report. That they cannot be had ends no search."""
        assembly, folder = self._assembly, self._desk.folder.path / "evaluation"
        try:
            scores = evaluated_on(self._network(winner), assembly.recipe, assembly.data, "test")
        except CandidateError as error:
            listener.notice(f"not scored class by class: {error}")
        else:
            write_evaluation(scores, folder)

    def _network(self, finalist: Finalist) -> nn.Module:
        """With its weights."""
        genome = finalist.trial.genome
        network = self._assembly.workshop.build(genome)
        load_into(network, finalist.weights, genome.fingerprint)
        return network


def _seconds_an_epoch(trial: Trial) -> float:
    return trial.seconds / trial.metrics["epochs"]


def epochs_within(
    seconds: Sequence[float], epochs: int, left: float, at_once: int = 1
) -> list[int]:
    """How many of so many `epochs` each of some networks can have in the time that is left, of
    which an epoch takes so many `seconds`, and `at_once` can be trained at the same time. All have
    equal parts of the time, and what a quick one does not need goes to the slower ones: epochs for
    all alike would be few for the quick because another is slow."""
    room, granted = left * min(at_once, len(seconds)), [0] * len(seconds)
    quickest_first = sorted(range(len(seconds)), key=lambda place: seconds[place])
    for count, place in zip(range(len(seconds), 0, -1), quickest_first, strict=True):
        most = min(room / count, left)
        enough = seconds[place] * epochs <= most
        granted[place] = epochs if enough else int(most / seconds[place])
        room -= min(seconds[place] * epochs, most)
    return granted


def _measured(trial: Trial) -> dict[str, float]:
    """What does not change by training."""
    return {LATENCY: trial.metrics[LATENCY]} if LATENCY in trial.metrics else {}


def _spread(name: str, values: Sequence[float]) -> dict[str, float]:
    return {f"{name}_mean": fmean(values), f"{name}_sd": stdev(values)}
