"""TensorBoard: event files beside the run, which `tensorboard --logdir runs` shows as it goes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snas_cli.api import Curve, Genome, Observer, Trial, hookimpl
from snas_plugins.observers._options import check_installed, check_names
from snas_plugins.observers._records import Scalar, genes_of, numbers_of, summary_of, words_of

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

PARTIAL = ".partial"  # ends the name of a folder that is being written


class TensorBoard(Observer):
    """A folder for each trial, with its genes and metrics (the HPARAMS page) and its curve; one for
    the search, generation by generation; one for the best. What is there is never written twice."""

    name = "tensorboard"
    summary = "event files for TensorBoard: a run for each trial"

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        check_names(self.name, options, ())
        check_installed(self.name, "tensorboard")
        self._genomes: dict[int, Genome] = {}
        self._progress: SummaryWriter | None = None

    def search_started(self, folder: Path, recipe: Mapping[str, Any]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._folder = folder / self.name
        for leftover in self._folder.glob(f"*{PARTIAL}"):
            shutil.rmtree(leftover)
        self._known = _known_steps(self._folder / "search")
        self._progress = SummaryWriter(str(self._folder / "search"))

    def trial_finished(self, trial: Trial, curve: Curve) -> None:
        self._genomes[trial.number] = trial.genome
        folder = self._folder / f"trial-{trial.number:04}"
        if not folder.exists():
            self._write_whole(folder, lambda writer: _write_trial(writer, trial, curve))
        if trial.fitness is not None:
            self._advance("trial", trial.number, {"fitness": trial.fitness})

    def generation_finished(self, generation: int, trials: Sequence[Trial]) -> None:
        self._advance("generation", generation, summary_of(trials))

    def search_finished(self, folder: Path, best: Mapping[str, Any]) -> None:
        genes = genes_of(self._genomes[best["trial"]])

        def write(writer: SummaryWriter) -> None:
            _write_outcome(writer, genes, numbers_of(best))
            for name, text in words_of(best).items():
                writer.add_text(name, text)

        self._write_whole(self._folder / "best", write)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.close()

    def _advance(self, what: str, step: int, values: Mapping[str, float]) -> None:
        assert self._progress is not None  # the search has started
        for name, value in values.items():
            if (f"{what}/{name}", step) not in self._known:
                self._progress.add_scalar(f"{what}/{name}", value, step)
        self._progress.flush()

    def _write_whole(self, folder: Path, write: Callable[[SummaryWriter], None]) -> None:
        """A folder that is there is complete, whenever this process is killed."""
        from torch.utils.tensorboard import SummaryWriter

        partial = folder.with_name(folder.name + PARTIAL)
        with SummaryWriter(str(partial)) as writer:
            write(writer)
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)


def _write_trial(writer: SummaryWriter, trial: Trial, curve: Curve) -> None:
    fitness = {} if trial.fitness is None else {"fitness": trial.fitness}
    _write_outcome(writer, genes_of(trial.genome), {**numbers_of(trial.metrics), **fitness})
    writer.add_text("operator", trial.proposal.operator)
    if trial.reason is not None:
        writer.add_text("failed", trial.reason)
    for epoch, values in enumerate(curve, 1):
        for name, value in numbers_of(values).items():
            writer.add_scalar(f"curve/{name}", value, epoch)


def _write_outcome(
    writer: SummaryWriter, genes: Mapping[str, Scalar], metrics: Mapping[str, float]
) -> None:
    from torch.utils.tensorboard import summary

    hparams: Any = summary.hparams
    file: Any = writer.file_writer
    # Not the experiment's summary, which comes first: TensorBoard would take the columns of the
    # first trial's for all. Without it, it puts them together from all trials.
    _, start, end = hparams(dict(genes), dict(metrics))
    file.add_summary(start)
    file.add_summary(end)
    for name, value in metrics.items():
        writer.add_scalar(name, value, 0)


def _known_steps(folder: Path) -> set[tuple[str, int]]:
    """Tags and steps of the scalars that are there."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    if not folder.exists():
        return set()
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return {(tag, event.step) for tag in events.Tags()["scalars"] for event in events.Scalars(tag)}


@hookimpl
def snas_register_observers() -> list[type[Observer]]:
    return [TensorBoard]
