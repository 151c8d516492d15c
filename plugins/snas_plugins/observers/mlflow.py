"""MLflow: a run of the tracker for each search, with a nested one for each trial."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from snas_cli.api import Curve, Observer, Trial, hookimpl
from snas_plugins.observers._options import check_installed, check_names
from snas_plugins.observers._records import genes_of, numbers_of, settings_of, summary_of, words_of

if TYPE_CHECKING:
    from snas_plugins.observers._mlflow_store import Store

Value = TypeVar("Value")
TRIAL = "snas.trial"  # the tag with its number


class MLflow(Observer):
    """The search's run has the recipe, the generations and the best network; a trial's its genes,
    metrics and curve. `mlflow.json` in the run directory has the key by which a search that goes on
    finds its run again; trials that it has are not written twice.

    Options: `tracking_uri`, else $MLFLOW_TRACKING_URI, else `mlflow.db` beside the run directory;
    `experiment`, else snas.
    """

    name = "mlflow"
    summary = "an MLflow tracker: a run for each trial; options tracking_uri, experiment"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        check_names(self.name, options, ("tracking_uri", "experiment"))
        check_installed(self.name, "mlflow", "sqlalchemy", "alembic")
        self._store: Store | None = None
        self._status = "KILLED"  # that the search's run ends with

    def search_started(self, folder: Path, recipe: Mapping[str, Any]) -> None:
        from snas_plugins.observers._mlflow_store import Store, own_uri

        uri = self.options.get("tracking_uri") or os.environ.get("MLFLOW_TRACKING_URI")
        store = Store(uri or own_uri(folder), self.options.get("experiment", "snas"), folder)
        if store.new:
            store.log_params(store.run, settings_of(recipe))
        store.keep(folder / "recipe.yaml")  # which an extension changes; parameters cannot be
        self._trials = {int(number) for number in store.nested(TRIAL)}
        self._generations = store.steps("generation.failed")
        self._store = store

    def trial_finished(self, trial: Trial, curve: Curve) -> None:
        if trial.number in self._trials:
            return
        store, proposal = self._opened, trial.proposal
        tags = {
            TRIAL: str(trial.number),
            "generation": str(trial.generation),
            "operator": proposal.operator,
            "parents": ", ".join(map(str, proposal.parents)),
        }
        if trial.reason is not None:
            tags["reason"] = trial.reason
        run = store.start_nested(f"trial {trial.number}", tags)
        store.log_params(run, genes_of(trial.genome))
        store.log_metrics(run, {0: _metrics_of(trial)})
        epochs = (_named("curve", numbers_of(values)) for values in curve)
        store.log_metrics(run, dict(enumerate(epochs, 1)))
        store.end(run, "FAILED" if trial.failed else "FINISHED")

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        if generation in self._generations:
            return
        store, summary = self._opened, _named("generation", summary_of(trials))
        store.log_metrics(store.run, {generation: summary})
        self._generations.add(generation)

    def search_finished(self, folder: Path, best: Mapping[str, Any]) -> None:
        store = self._opened
        last = max(self._generations, default=0)
        store.log_metrics(store.run, {last: _named("best", numbers_of(best))})
        store.set_tags(store.run, _named("best", words_of(best)))
        store.keep(folder / "best")
        self._status = "FINISHED"

    def close(self) -> None:
        if self._store is not None:
            self._store.end(self._store.run, self._status)

    @property
    def _opened(self) -> Store:
        assert self._store is not None  # the search has started
        return self._store


def _named(prefix: str, values: Mapping[str, Value]) -> dict[str, Value]:
    return {f"{prefix}.{name}": value for name, value in values.items()}


def _metrics_of(trial: Trial) -> dict[str, float]:
    known = {**numbers_of(trial.metrics), "seconds": trial.seconds}
    return known if trial.fitness is None else {**known, "fitness": trial.fitness}


@hookimpl
def snas_register_observers() -> list[type[Observer]]:
    return [MLflow]
