"""A run as scripts and notebooks have it: its trials, its best network, its charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from snas_cli.api import Genome, Trial
from snas_cli.experiment.assembly import trials_of
from snas_cli.experiment.bundle import Bundle, find_architecture, load_network, read_bundle
from snas_cli.registry import Registry
from snas_cli.report.charts import front_chart, progress_chart
from snas_cli.report.page import account_of, best_of, write_report
from snas_cli.runs.folder import RunFolder
from snas_cli.scripting.drawings import Drawing
from snas_cli.scripting.rows import Rows, rows_of
from snas_cli.search.account import Account, recorded_recipe
from snas_cli.search.wording import results

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Run:
    """A run directory, read anew by each method: that of a search which goes on grows."""

    folder: RunFolder
    registry: Registry = field(compare=False)

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def state(self) -> Literal["running", "finished", "stopped"]:
        if self.folder.running():
            return "running"
        return "finished" if self.folder.finished() else "stopped"

    @property
    def recipe(self) -> dict[str, Any]:
        """Every key, also those that were left to their defaults. Raises RecipeError."""
        return recorded_recipe(self.folder.recipe).model_dump()

    @property
    def trials(self) -> Rows:
        """A dict for each finished candidate, by number; `.to_frame()` makes a data frame."""
        return rows_of(self.records())

    def records(self) -> list[Trial]:
        """The same as the objects that strategies are told of. Raises RecipeError, RunError."""
        return trials_of(self.folder, self.registry)

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Of the best network, as in best/metrics.json: test_acc once the search is finished.
        Raises RunError where there is no network yet."""
        return best_of(self.folder) or self.folder.metrics()

    @property
    def genome(self) -> Genome:
        """Of the best network. Raises RunError where there is none yet."""
        return self._bundle().genome

    def network(self) -> nn.Module:
        """The best network with its weights, on the CPU, in evaluation mode. It takes float32
        N×C×H×W, normalised by the mean and std that best/architecture.json has. Raises RunError
        where there is none yet, or where an evaluator judged and nothing was trained."""
        return load_network(self._bundle(), self.registry)

    def progress(self) -> Drawing:
        """Every candidate, and the best so far."""
        account = self.account()
        return Drawing(progress_chart(account.trials, account.measure))

    def front(self) -> Drawing:
        """The Pareto front; of a search with one objective, it says so."""
        account = self.account()
        if not account.front:
            return Drawing("<p>This search has one objective, so there is no front.</p>")
        return Drawing(
            front_chart(account.trials, account.front, account.objectives, account.measure)
        )

    def report(self) -> Path:
        """Writes report.html again, and returns where it is. Raises RunError."""
        return write_report(self.folder, self.records())

    def account(self) -> Account:
        """All that trials and journal tell. Raises RecipeError, RunError."""
        return account_of(self.folder, self.records())

    def _bundle(self) -> Bundle:
        return read_bundle(find_architecture(self.path), self.registry)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def __str__(self) -> str:
        lines = [f"{self.path}: {self.state}, {len(self.records())} trials", *self._results()]
        return "\n".join(lines)

    def _results(self) -> list[str]:
        account = self.account()
        if account.best is None:
            return ["no network has been kept yet"]
        return [f"{name}: {value}" for name, value in results(account.best, account.measure)]

    def _repr_html_(self) -> str:
        """Notebooks call this."""
        return f"<pre>{escape(str(self))}</pre>{self.progress()._repr_html_()}"
