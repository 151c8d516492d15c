"""What trackers are told of a trial: flat names, and numbers apart from words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from snas_cli.api import Genome, Trial

Scalar = bool | int | float | str


def genes_of(genome: Genome) -> dict[str, Scalar]:
    """Family and genes by dotted names: `layers` is how many there are, `layers.0.filters` of the
    first."""
    return {"family": genome.family, **dict(_flat(genome.to_json()["genes"]))}


def settings_of(recipe: Mapping[str, Any]) -> dict[str, Scalar]:
    """Every key of a recipe that has a value, by its dotted name."""
    return dict(_flat(recipe))


def numbers_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The numbers, by dotted names."""
    return {
        name: float(value) for name, value in _flat(metrics) if not isinstance(value, bool | str)
    }


def words_of(metrics: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in _flat(metrics) if isinstance(value, str)}


def summary_of(trials: Sequence[Trial]) -> dict[str, float]:
    """Of a generation."""
    scores = [trial.fitness for trial in trials if trial.fitness is not None]
    known = {"best": max(scores), "mean": fmean(scores)} if scores else {}
    return {**known, "failed": float(len(trials) - len(scores))}


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list | tuple):
            yield from _flat_list(name, value)
        elif value is not None:
            yield name, value


def _flat_list(name: str, values: Sequence[Any]) -> Iterator[tuple[str, Scalar]]:
    """Of records, such as layers, each field is of interest; of plain values the whole."""
    if any(isinstance(value, Mapping) for value in values):
        yield name, len(values)
        for i, value in enumerate(values):
            yield from _flat(value, f"{name}.{i}.")
    else:
        yield name, ", ".join(map(str, values))
