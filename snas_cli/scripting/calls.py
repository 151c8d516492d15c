"""What `import snas_cli` offers: search, resume, open_run, evaluate and export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from snas_cli.errors import UsageError
from snas_cli.experiment import running
from snas_cli.experiment.running import Changes
from snas_cli.export.exporting import Options
from snas_cli.recipe.document import Document
from snas_cli.recipe.loading import absolute_path, check
from snas_cli.recipe.quantities import parse_duration
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.runs import folder as folders
from snas_cli.scripting.options import apply_options
from snas_cli.scripting.results import exported, scores_of
from snas_cli.scripting.run import Run
from snas_cli.scripting.targets import document_of
from snas_cli.search.listener import Listener
from snas_cli.terminal.progress import LogView

RUNS = Path("runs")

Target = str | Path | Mapping[str, Any] | Recipe


@dataclass(frozen=True)
class Surroundings:
    """What a search has around it: the plugins, and who is told of what happens."""

    registry: Registry
    listener: Listener


@cache
def _registry() -> Registry:
    """What is installed, read once in a process."""
    return Registry.installed()


def _around(given: Surroundings | None, *, progress: bool) -> Surroundings:
    return given or Surroundings(_registry(), LogView(print) if progress else Listener())


def search(
    target: Target,
    *,
    settings: Mapping[str, Any] | None = None,
    progress: bool = True,
    around: Surroundings | None = None,
    **options: Any,
) -> Run:
    """Searches, as `snas search` does, and returns when that is over.

    `target` is a recipe (a .yaml file, a dict of its sections, a Recipe), a folder of class
    folders, a .csv of pictures, or the name of a data set. `options` are those of the command line:
    `generations=4`, `max_params="300k"`, `families=["cnn", "vit"]`. `settings` are any keys of a
    recipe: `{"search.elites": 1}`. Both take precedence over `target`. With `progress`, a line is
    printed for each thing that happens. Raises SnasError; KeyboardInterrupt leaves a run that
    `resume` goes on with."""
    around = _around(around, progress=progress)
    return start(recipe_of(target, around.registry, options, settings or {}), around)


def start(recipe: Recipe, around: Surroundings) -> Run:
    """Searches by a recipe that is checked. Raises SnasError."""
    return Run(running.start(recipe, around.registry, around.listener).folder, around.registry)


def recipe_of(
    target: Target,
    registry: Registry,
    options: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> Recipe:
    """Checked. Raises RecipeError with all faults, UsageError for an unknown option."""
    document = _document(target, registry)
    apply_options(document, options)
    for dotted, value in settings.items():
        document.set(dotted, value, dotted)
    return check(document, registry)


def _document(target: Target, registry: Registry) -> Document:
    if isinstance(target, Recipe):
        return Document("the recipe", target.model_dump())
    if isinstance(target, Mapping):
        document = Document("the recipe", deepcopy(dict(target)))
        absolute_path(document, Path())
        return document
    return document_of(str(target), registry)


def resume(
    run: str | Path | Run | None = None,
    *,
    extend: str | float | None = None,
    generations: int | None = None,
    workers: int | None = None,
    progress: bool = True,
    around: Surroundings | None = None,
) -> Run:
    """Goes on with a run, or with one of its checkpoints, as `snas resume` does; without a name,
    with the latest in runs/. `extend` ("1h", or seconds) and `generations` (in all) make it
    longer. Raises SnasError."""
    around = _around(around, progress=progress)
    changes = Changes(_seconds(extend), generations, workers)
    return go_on(_path(run, RUNS), changes, around)


def go_on(path: Path, changes: Changes, around: Surroundings) -> Run:
    """Resumes the run, or the checkpoint, at `path`. Raises SnasError."""
    outcome = running.resume(path, around.registry, around.listener, changes)
    return Run(outcome.folder, around.registry)


def open_run(run: str | Path | None = None, *, runs: str | Path = RUNS) -> Run:
    """A run to look at: by its folder or any file in it; without a name, the latest in `runs`.
    Raises RunError where there is none."""
    return Run(folders.open_run(_path(run, Path(runs))), _registry())


def evaluate(
    run: str | Path | Run | None = None, *, split: Literal["val", "test"] = "test"
) -> dict[str, Any]:
    """Scores the best network of a run, or a trained architecture.json, as `snas evaluate` does:
    accuracy, classes with precision, recall and F1, confusion, ROC, calibration.
    Without a name, of the latest run in runs/. Writes nothing. Raises SnasError."""
    return scores_of(_path(run, RUNS), _registry(), split)


def export(
    run: str | Path | Run | None = None,
    formats: str | Iterable[str] = "onnx",
    *,
    output: str | Path | None = None,
    opset: int = 20,
    max_drop: float = 0.01,
) -> dict[str, Any]:
    """Writes the best network of a run in formats to deploy ("onnx", ["onnx", "python"], "all"),
    checks each file, and returns what export.json has of them, as `snas export` does. Without a
    name, of the latest run in runs/; without `output`, into its export/. Raises SnasError."""
    names = formats if isinstance(formats, str) else ",".join(formats)
    folder = Path(output).expanduser() if output is not None else None
    return exported(_path(run, RUNS), _registry(), names, folder, Options(opset, max_drop))


def _path(run: str | Path | Run | None, runs: Path) -> Path:
    if run is None:
        return folders.latest_run(runs).path
    return run.path if isinstance(run, Run) else Path(run).expanduser()


def _seconds(text: str | float | None) -> float | None:
    try:
        seconds: float | None = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"extend {text}: {error}") from None
    return seconds
