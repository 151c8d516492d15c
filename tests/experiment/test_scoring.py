"""Which pictures a network is scored on, and what is written down."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
import torch

from snas_cli.errors import DataError, RunError, UsageError
from snas_cli.experiment.bundle import Bundle, read_bundle
from snas_cli.experiment.scoring import (
    Evaluated,
    own_data,
    run_of,
    score_trained,
    write_evaluation,
)
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from snas_cli.training.metrics import outputs_from, scores_of
from tests.experiment import tiny


@pytest.fixture(scope="module")
def run(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("runs")
    return tiny.search(registry, folder).folder


@pytest.fixture(scope="module")
def bundle(registry: Registry, run: RunFolder) -> Bundle:
    return read_bundle(run.best / "architecture.json", registry)


def evaluated(names: list[str] | None = None) -> Evaluated:
    """Three pictures of two classes, one of them mistaken."""
    probabilities = torch.tensor([[0.75, 0.25], [0.375, 0.625], [0.25, 0.75]])
    outputs = outputs_from(probabilities.log(), torch.tensor([0, 0, 1]))
    classes = ("cat", "dog")
    scores = {"data": "pets", "split": "test", **scores_of(outputs, classes)}
    return Evaluated(scores, outputs, classes, names)


@pytest.mark.parametrize(("split", "metric"), [("test", "test"), ("val", "val")])
def test_the_splits_are_those_of_the_search(
    registry: Registry, run: RunFolder, bundle: Bundle, split: str, metric: str
) -> None:
    result = score_trained(bundle, registry, split)
    metrics = run.metrics()
    assert result.scores["split"] == split
    assert result.scores["accuracy"] == metrics[f"{metric}_acc"]
    assert result.scores["loss"] == pytest.approx(metrics[f"{metric}_loss"], rel=1e-5)
    with run.splits.open() as file:
        frozen = [line["picture"] for line in csv.DictReader(file) if line["split"] == split]
    assert result.names == frozen


def test_other_pictures_are_refused(registry: Registry, run: RunFolder, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run.path, tmp_path / "run"))
    document = json.loads((copy / "data.json").read_text())
    (copy / "data.json").write_text(json.dumps({**document, "digest": "of other pictures"}))
    with pytest.raises(DataError, match=r"not those that .*run was made with"):
        own_data(read_bundle(copy / "best" / "architecture.json", registry), registry)


def test_an_architecture_outside_of_a_run_has_no_data(
    registry: Registry, run: RunFolder, tmp_path: Path
) -> None:
    stray = Path(shutil.copytree(run.best, tmp_path / "stray"))
    bundle = read_bundle(stray / "architecture.json", registry)
    assert run_of(bundle.path) is None
    with pytest.raises(UsageError, match="lies in no run"):
        score_trained(bundle, registry, "test")


def test_it_writes_scores_predictions_and_drawings(tmp_path: Path) -> None:
    names = ["a,1.png", 'b"2.png', "caf\udce9.png"]  # the last as the disk has it: no UTF-8
    files = write_evaluation(evaluated(names), tmp_path / "deep" / "down")
    assert sorted(files) == sorted((tmp_path / "deep" / "down").iterdir())
    assert [file.name for file in files] == [
        "scores.json", "predictions.csv", "confusion.svg", "roc.svg", "reliability.svg"
    ]  # fmt: skip
    assert json.loads(files[0].read_text()) == evaluated().scores
    with files[1].open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        assert list(csv.reader(file)) == [
            ["picture", "true", "predicted", "probability"],
            ["a,1.png", "cat", "cat", "0.750000"],
            ['b"2.png', "cat", "dog", "0.625000"],
            ["caf\udce9.png", "dog", "dog", "0.750000"],
        ]
    assert all(file.read_text().startswith("<svg") for file in files[2:])


def test_pictures_without_names_are_numbered(tmp_path: Path) -> None:
    table = write_evaluation(evaluated(), tmp_path)[1]
    assert [line.split(",")[0] for line in table.read_text().splitlines()] == [
        "picture", "0", "1", "2"
    ]  # fmt: skip


def test_what_else_is_in_the_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write_evaluation(evaluated(), tmp_path)
    write_evaluation(evaluated(), tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 6


def test_a_folder_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot make"):
        write_evaluation(evaluated(), tmp_path / "file")
