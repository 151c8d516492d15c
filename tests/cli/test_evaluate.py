"""`snas evaluate`: what it prints, what it writes and where."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from snas_cli.terminal.tables import scores_table
from tests.cli.snas import snas
from tests.data.photos import colours
from tests.experiment import tiny

RUN = "runs/digits-001"
FILES = {"scores.json", "predictions.csv", "confusion.svg", "roc.svg", "reliability.svg"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run, and some pictures of colours."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(tiny.VALUES))
    snas("search", "tiny.yaml", cwd=folder)
    colours(folder / "colours", ["red", "[bold]", "blue"])
    return folder


def predictions(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "predictions.csv").read_text().splitlines()))


def test_it_prints_scores_and_writes_them_beside_the_network(place: Path) -> None:
    out = snas("evaluate", cwd=place).stdout
    folder = place / RUN / "evaluation"
    assert {path.name for path in folder.iterdir()} == FILES
    scores = json.loads((folder / "scores.json").read_text())
    assert scores["split"] == "test"
    lines = out.splitlines()
    (row,) = [line.split() for line in lines if line.startswith(" 7 ")]
    seven = scores["classes"]["7"]
    keys = ("precision", "recall", "f1", "roc_auc")
    assert row[1:] == [*(f"{seven[key]:.3f}" for key in keys), str(seven["pictures"])]
    for name in ("mean", "weighted mean"):
        assert any(line.strip().startswith(name) for line in lines)
    for label in ("accuracy", "balanced accuracy", "top-3 accuracy", "top-5 accuracy", "loss",
                  "calibration error", "most frequent mistakes"):  # fmt: skip
        assert any(line.startswith(label) for line in lines), label
    assert f"{100 * scores['accuracy']:.2f} % on {scores['pictures']} test pictures" in out
    assert sum("taken for" in line for line in lines) == 3
    assert f"written to {RUN}/evaluation" in out


def test_predictions_agree_with_the_scores(place: Path) -> None:
    snas("evaluate", RUN, cwd=place)
    folder = place / RUN / "evaluation"
    scores = json.loads((folder / "scores.json").read_text())
    rows = predictions(folder)
    assert len(rows) == scores["pictures"]
    right = sum(row["true"] == row["predicted"] for row in rows)
    assert right / len(rows) == scores["accuracy"]
    probabilities = [float(row["probability"]) for row in rows]
    confidence = sum(probabilities) / len(rows)
    assert confidence == pytest.approx(scores["calibration"]["confidence"], abs=1e-5)


def test_json_is_the_scores_without_the_curves(place: Path) -> None:
    printed = json.loads(snas("evaluate", RUN, "--json", cwd=place).stdout)
    written = json.loads((place / RUN / "evaluation" / "scores.json").read_text())
    assert written.pop("roc")
    assert printed == {"folder": f"{RUN}/evaluation", **written}


def test_validation_pictures_have_a_folder_of_their_own(place: Path) -> None:
    snas("evaluate", RUN, cwd=place)
    before = (place / RUN / "evaluation" / "scores.json").read_bytes()
    out = snas("evaluate", RUN, "--split", "val", cwd=place).stdout
    metrics = json.loads((place / RUN / "best" / "metrics.json").read_text())
    assert f"{100 * metrics['val_acc']:.2f} % on 357 validation pictures" in out
    assert (place / RUN / "evaluation-val" / "scores.json").exists()
    assert (place / RUN / "evaluation" / "scores.json").read_bytes() == before
    snas("evaluate", RUN, "--split", "train", cwd=place, code=2)


def test_output_says_where(place: Path, tmp_path: Path) -> None:
    out = snas("evaluate", RUN, "--output", tmp_path / "here", "--json", cwd=place).stdout
    assert json.loads(out)["folder"] == str(tmp_path / "here")
    assert {path.name for path in (tmp_path / "here").iterdir()} == FILES


def test_other_pictures_have_a_folder_of_their_own(place: Path) -> None:
    """In the run, not in best/, which a search that goes on replaces."""
    file = f"{RUN}/best/architecture.json"
    out = snas("evaluate", file, "--path", "colours", "--epochs", 2, cwd=place).stdout
    assert f"written to {RUN}/evaluation-colours" in out
    assert "[bold]" in out
    scores = json.loads((place / RUN / "evaluation-colours" / "scores.json").read_text())
    assert list(scores["classes"]) == ["[bold]", "blue", "red"]
    assert len(list((place / RUN / "best").iterdir())) == 4
    names = [row["picture"] for row in predictions(place / RUN / "evaluation-colours")]
    assert all(Path(name).suffix == ".png" for name in names)


def test_an_architecture_outside_of_a_run_is_evaluated_beside_it(
    place: Path, tmp_path: Path
) -> None:
    shutil.copy(place / RUN / "best" / "architecture.json", tmp_path)
    snas("evaluate", "architecture.json", "--dataset", "digits", "--epochs", 1, cwd=tmp_path)
    assert {path.name for path in (tmp_path / "evaluation-digits").iterdir()} == FILES


def many(count: int) -> dict[str, Any]:
    """Scores of classes whose F1 falls from 1; the last has no pictures."""
    names = ("precision", "recall", "f1", "roc_auc")
    rows: dict[str, Any] = {
        f"k{i:02}": {**dict.fromkeys(names, 1 - i / 100), "pictures": 5} for i in range(count - 1)
    }
    rows["none"] = {**dict.fromkeys(names), "pictures": 0}
    means = dict.fromkeys(names, 0.5)
    return {"pictures": 5 * count, "classes": rows, "macro": means,
            "weighted": dict.fromkeys(names[:3], 0.5)}  # fmt: skip


def shown(scores: dict[str, Any]) -> str:
    console = Console(width=100, file=io.StringIO())
    with console.capture() as capture:
        console.print(scores_table(scores))
    return capture.get()


def test_the_table_has_up_to_30_classes() -> None:
    text = shown(many(30))
    assert all(f"k{i:02}" in text for i in range(29))
    (undefined,) = [line.split() for line in text.splitlines() if "none" in line]
    assert undefined == ["none", "–", "–", "–", "–", "0"]
    assert "worst" not in text


def test_of_more_classes_it_has_the_worst() -> None:
    text = shown(many(31))
    assert "The 10 worst of 31 classes by F1; scores.json has all" in text
    rows = [line.split()[0] for line in text.splitlines() if line.strip().startswith("k")]
    assert rows == [f"k{i:02}" for i in range(29, 19, -1)]


def test_names_are_no_markup_and_move_no_cursor() -> None:
    scores = many(3)
    scores["classes"]["[red]\x1b[2J"] = scores["classes"].pop("k00")
    text = shown(scores)
    assert "[red]�[2J" in text
    assert "\x1b[2J" not in text
