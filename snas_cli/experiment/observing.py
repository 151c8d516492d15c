"""Tells the observers that a recipe names how its search goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Self

from snas_cli.api import Curve, Failure, Observer, Trial, guarded
from snas_cli.errors import SnasError
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.search.listener import Listener, Plan


def observers_of(recipe: Recipe, registry: Registry) -> list[Observer]:
    """Raises PluginError, and SearchError for options that an observer does not have."""
    return [registry.observer(name)(options or {}) for name, options in recipe.observers.items()]


class Observing(Listener):
    """Passes a run on to its observers, what an earlier attempt recorded too. One that fails is
    named, and not called again."""

    def __init__(self, observers: Sequence[Observer], folder: RunFolder, user: Listener) -> None:
        self._observers = list(observers)
        self._curve_of: Callable[[int], Curve] = lambda _trial: ()
        self._folder = folder
        self._user = user

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._tell("close", lambda observer: observer.close())

    def curves_from(self, curve_of: Callable[[int], Curve]) -> None:
        """Where the training curve of a trial is to be had, by its number."""
        self._curve_of = curve_of

    def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
        self._tell(
            "search_started", lambda observer: observer.search_started(plan.folder, plan.recipe)
        )
        for trial in recorded:
            self.trial_finished(trial)

    def trial_finished(self, trial: Trial) -> None:
        curve = self._curve_of(trial.number)
        self._tell("trial_finished", lambda observer: observer.trial_finished(trial, curve))

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        self._tell(
            "generation_finished", lambda observer: observer.generation_finished(generation, trials)
        )

    def concluded(self, best: Mapping[str, Any]) -> None:
        """Before the journal says that the search is over, so that it is said again to those who
        did not hear of it."""
        self._tell(
            "search_finished", lambda observer: observer.search_finished(self._folder.path, best)
        )

    def _tell(self, what: str, call: Callable[[Observer], None]) -> None:
        for observer in list(self._observers):
            reason = _failure(partial(call, observer))
            if reason is not None:
                self._observers.remove(observer)
                self._user.notice(
                    f"the observer {observer.name!r} failed in {what} and is switched off: {reason}"
                )


def _failure(call: Callable[[], None]) -> str | None:
    try:
        outcome = guarded(call)
    except SnasError as error:  # which is no fault of the run's
        return str(error)
    return outcome.reason if isinstance(outcome, Failure) else None
