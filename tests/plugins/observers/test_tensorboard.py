"""What the TensorBoard observer writes, read back as TensorBoard reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from snas_plugins.observers.tensorboard import TensorBoard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from snas_cli.api import SearchError
from snas_cli.testing.observers import CURVE, follow, sample_best, sample_run, sample_trials

TRIALS = sample_trials()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return sample_run(tmp_path)


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values by tag."""
    events = EventAccumulator(str(folder)).Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


def hyperparameters(folder: Path) -> dict[str, Any]:
    events = EventAccumulator(str(folder)).Reload()
    content = events.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    start = HParamsPluginData.FromString(content).session_start_info
    return dict(start.hparams.items())


def texts(folder: Path) -> dict[str, str]:
    events = EventAccumulator(str(folder)).Reload()
    return {
        tag.removesuffix("/text_summary"): events.Tensors(tag)[0]
        .tensor_proto.string_val[0]
        .decode()
        for tag in events.Tags()["tensors"]
        if tag.endswith("/text_summary")
    }


def test_a_trial_is_a_run_with_genes_metrics_and_its_curve(run: Path) -> None:
    follow(TensorBoard({}), run, TRIALS[:2])
    folder = run / "tensorboard" / "trial-0001"
    found = scalars(folder)
    assert found["fitness"] == found["val_acc"] == [(0, 0.53125)]
    assert found["curve/val_acc"] == [(n, each["val_acc"]) for n, each in enumerate(CURVE, 1)]
    genes, genome = hyperparameters(folder), TRIALS[1].genome
    assert genes["family"].string_value == genome.family
    assert genes["dropout"].number_value == genome.genes["dropout"]
    assert texts(folder) == {"operator": "random"}


def test_layers_are_genes_too(run: Path) -> None:
    deep = next(trial for trial in TRIALS if trial.genome.family == "deep")
    follow(TensorBoard({}), run, TRIALS)
    genes = hyperparameters(run / "tensorboard" / f"trial-{deep.number:04}")
    layers = deep.genome.genes["layers"]
    assert genes["layers"].number_value == len(layers)
    assert genes["layers.0.width"].number_value == layers[0]["width"]


def test_a_failed_trial_has_its_reason_and_no_number(run: Path) -> None:
    follow(TensorBoard({}), run, TRIALS[:4])
    folder = run / "tensorboard" / "trial-0003"
    assert scalars(folder) == {}
    assert texts(folder)["failed"] == TRIALS[3].reason


def test_the_search_goes_by_generations_and_ends_with_the_best(run: Path) -> None:
    follow(TensorBoard({}), run, TRIALS, finished=True)
    progress = scalars(run / "tensorboard" / "search")
    assert progress["generation/best"] == [(0, 0.53125), (1, 0.5625), (2, 0.65625)]
    assert progress["generation/failed"] == [(0, 0), (1, 1), (2, 0)]
    assert [step for step, _ in progress["trial/fitness"]] == [0, 1, 2, 4, 5]
    best = scalars(run / "tensorboard" / "best")
    assert best["test_acc"] == [(0, sample_best()["test_acc"])]
    assert best["controls.random.test_acc"] == [(0, 0.625)]


def test_a_search_that_goes_on_repeats_nothing(run: Path, tmp_path: Path) -> None:
    follow(TensorBoard({}), run, TRIALS[:3])
    leftover = run / "tensorboard" / "trial-0003.partial"
    leftover.mkdir()  # it was killed over that
    (leftover / "events.out.tfevents.1.host.1.0").write_bytes(b"half")
    follow(TensorBoard({}), run, TRIALS, finished=True)
    whole = sample_run(tmp_path / "whole")
    follow(TensorBoard({}), whole, TRIALS, finished=True)
    found, expected = (
        {path.name: scalars(path) for path in (folder / "tensorboard").iterdir()}
        for folder in (run, whole)
    )
    assert found == expected


def test_it_has_no_options() -> None:
    with pytest.raises(SearchError, match=r"observers\.tensorboard: there is no option 'x'"):
        TensorBoard({"x": 1})


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snas_plugins.observers._options.find_spec", lambda _name: None)
    with pytest.raises(SearchError, match=r"pip install 'snas\[tensorboard\]'"):
        TensorBoard({})
