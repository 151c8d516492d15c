"""What a trained network is worth, from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from snas_cli.errors import ExportError
from snas_cli.experiment import scoring
from snas_cli.experiment.bundle import find_architecture, read_bundle
from snas_cli.experiment.exports import export_network, formats_of
from snas_cli.experiment.ranked import Kept
from snas_cli.export import exporting
from snas_cli.registry import Registry


def scores_of(target: Path, registry: Registry, split: Literal["val", "test"]) -> dict[str, Any]:
    """The content of scores.json, of the network in a run or of an architecture.json in one. Raises
    RunError, UsageError, DataError."""
    bundle = read_bundle(find_architecture(target), registry)
    return scoring.score_trained(bundle, registry, split).scores


def exported(
    target: Path, registry: Registry, formats: str, output: Path | None, options: exporting.Options
) -> dict[str, Any]:
    """Writes the best network of a run in these formats, and checks each file; the content of
    export.json. Raises ExportError where a file is not sound, UsageError, RunError, DataError."""
    bundle = read_bundle(find_architecture(target), registry)
    exporters = formats_of(formats, registry).exporters
    folder = output or bundle.path.parent.parent / "export"
    results, document = export_network(Kept(bundle, None), exporters, registry, folder, options)
    if faults := exporting.faults(results, options.max_drop):
        raise ExportError("\n".join(faults))
    return document
