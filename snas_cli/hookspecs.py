"""The hooks a plugin can implement: one that registers each kind of component, and the observers.

Each is called on plugin modules of the entry-point group `snas`, with the names used here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

from snas_cli.api import (
    Curve,
    Dataset,
    Evaluator,
    Executor,
    Exporter,
    Family,
    Observer,
    Operator,
    Proxy,
    Strategy,
    Trial,
)

if TYPE_CHECKING:
    from pathlib import Path

    import typer

hookspec = pluggy.HookspecMarker("snas")


# mypy: disable-error-code="empty-body"


@hookspec
def snas_register_datasets() -> list[Dataset]:
    """Called once, when snas starts."""


@hookspec
def snas_register_families() -> list[Family]:
    """Called once, when snas starts."""


@hookspec
def snas_register_operators() -> list[Operator]:
    """Called once, when snas starts. Every registered operator takes part in an evolution, with its
    own weight or the one that the recipe gives it under `search.operators`."""


@hookspec
def snas_register_strategies() -> list[type[Strategy]]:
    """Called once, when snas starts. Returns classes: each run makes an instance of its own."""


@hookspec
def snas_register_evaluators() -> list[type[Evaluator]]:
    """Called once, when snas starts. Returns classes: a run makes an instance with the recipe's
    `evaluator.options`."""


@hookspec
def snas_register_proxies() -> list[Proxy]:
    """Called once, when snas starts. Where the strategy wants them (`Strategy.wants_proxies`), as
    evolution does, workers compute those that the recipe names under `search.proxies`; those that
    prove themselves on the data are used."""


@hookspec
def snas_register_executors() -> list[type[Executor]]:
    """Called once, when snas starts. Returns classes: a run makes an instance with options of the
    recipe."""


@hookspec
def snas_register_exporters() -> list[Exporter]:
    """Called once, when snas starts."""


@hookspec
def snas_register_observers() -> list[type[Observer]]:
    """Called once, when snas starts. Returns classes: a run makes an instance of each that its
    recipe names under `observers`, with the options that stand there. The observer hooks below need
    no such switch: they are called in every search."""


@hookspec
def snas_register_commands(app: typer.Typer) -> None:
    """Called once, before the command line is read: add subcommands to `app`."""


@hookspec
def snas_search_started(folder: Path, recipe: Mapping[str, Any]) -> None:
    """Called when a search starts or resumes, with its run directory and its resolved recipe."""


@hookspec
def snas_trial_finished(trial: Trial, curve: Curve) -> None:
    """Called after each trial, failed ones too, in the order in which they finish; the trial is in
    the journal by then. Trials recorded before a resume are not repeated.

    `curve` has the training, one mapping an epoch: train_loss, val_loss, val_acc,
    val_balanced_acc, learning_rate; those of all rungs follow one another. It is empty where
    nothing was trained: for a repeated architecture, a failed trial, an evaluator's."""


@hookspec
def snas_generation_finished(generation: int, trials: Sequence[Trial]) -> None:
    """Called after each generation with its trials, in the order of their numbers."""


@hookspec
def snas_search_finished(folder: Path, best: Mapping[str, Any]) -> None:
    """Called at the end, with the content of `best/metrics.json`."""
