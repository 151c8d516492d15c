"""Observers: who follows a search, a tracker of experiments above all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from snas_cli.kinds.trials import Trial

Curve = Sequence[Mapping[str, float]]
"""A training, epoch by epoch: the metrics of each."""


class Observer(ABC):
    """Follows the runs whose recipes name it.

    Its methods are called in the process of the search, in the order in which they stand here. One
    that raises is named to the user and not called again; the search goes on.

    A run that goes on after an interruption is told again from its beginning, for what happened
    last may not have been passed on: an observer keeps what it has, and adds what it lacks.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    def __init__(self, options: Mapping[str, Any]) -> None:
        """`options` are the recipe's, under the observer's name. Raises SearchError for what cannot
        be had: an option that there is not, a package that is missing."""
        self.options = options

    @abstractmethod
    def search_started(self, folder: Path, recipe: Mapping[str, Any]) -> None:
        """Of the run in `folder`, with its resolved recipe: a search starts, or goes on."""

    @abstractmethod
    def trial_finished(self, trial: Trial, curve: Curve) -> None:
        """A trial is over, or has failed; it is in the journal. No curve where nothing was
        trained."""

    @abstractmethod
    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        """Its trials are in the order of their numbers."""

    @abstractmethod
    def search_finished(self, folder: Path, best: Mapping[str, Any]) -> None:
        """`best` is the content of best/metrics.json. A run that is extended finishes again."""

    def close(self) -> None:  # noqa: B027 - some have nothing to let go of
        """The last call, of a search that is interrupted too."""
