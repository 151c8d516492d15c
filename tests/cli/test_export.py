"""`snas export` and what can be done with its files, as a person types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.snas import snas
from tests.experiment import tiny

RUN = "runs/digits-001"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run for two objectives, with several networks kept."""
    folder = tmp_path_factory.mktemp("place")
    search = {**tiny.VALUES["search"], "objectives": ["accuracy", "params"]}
    finale = {**tiny.VALUES["finale"], "top": 3}
    values = {**tiny.VALUES, "search": search, "finale": finale}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(values))
    snas("search", "tiny.yaml", cwd=folder)
    return folder


def report(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "export.json").read_text())
    return document


def test_tables_fit_a_terminal_of_80_columns(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = snas("export", RUN, "--format", "all", "--output", "wide", cwd=place).stdout
    assert "…" not in out
    first, second = (line for line in out.splitlines() if line.startswith(" format"))
    assert first.split("  ")[0] == second.split("  ")[0] == " format"
    assert all(
        word in first for word in ("kB", "accuracy", "same class", "largest Δ", "written in")
    )
    assert all(word in second for word in ("least", "median", "p90", "× ONNX"))
    exports = report(place / "wide")["exports"]
    for each in exports:
        assert f"{each['latency_p90_ms']:.3f} ms" in out
        assert (each["opset"], each["max_drop"]) == (20, 0.01)
    exact = [each["largest_difference"] for each in exports if each["format"] in ("python", "pt2")]
    assert exact == [0, 0]


def test_a_second_format_joins_the_first(place: Path) -> None:
    for name in ("onnx", "python"):
        snas("export", RUN, "--format", name, "--output", "joined", cwd=place)
    document = report(place / "joined")
    assert [each["format"] for each in document["exports"]] == ["onnx", "python"]
    assert document["outdated"] == []
    timed = json.loads(snas("bench-export", "joined", "--json", cwd=place).stdout)
    assert {each["format"] for each in timed["formats"]} == {"onnx", "python"}


def test_files_of_another_network_are_named_and_not_taken_for_it(place: Path) -> None:
    snas("export", RUN, "--format", "onnx", "--output", "mixed", cwd=place)
    out = snas("export", RUN, "--format", "python", "--with-preprocessing", "--output", "mixed",
               cwd=place).stdout  # fmt: skip
    told = (
        "left there from an earlier export, of another network or of other input: onnx/model.onnx"
    )
    assert told in " ".join(out.split())
    document = report(place / "mixed")
    assert [each["format"] for each in document["exports"]] == ["python"]
    assert document["outdated"] == ["onnx/model.onnx"]
    assert "- onnx/model.onnx" in (place / "mixed" / "README.md").read_text()
    said = snas("evaluate", RUN, "--exported", "mixed/onnx/model.onnx", cwd=place, code=2)
    assert "is not one of the files that" in said.stderr
    snas("export", RUN, "--with-preprocessing", "--output", "mixed", cwd=place)
    assert report(place / "mixed")["outdated"] == []


def test_other_networks_of_the_run(place: Path) -> None:
    document = json.loads(snas("export", RUN, "--rank", 2, "--json", cwd=place).stdout)
    assert document["folder"] == f"{RUN}/export-rank-2"
    best = json.loads((place / RUN / "best" / "architecture.json").read_text())
    assert document["architecture"]["genes"] != best["genes"]
    out = snas("export", RUN, "--pareto", "--output", "front", cwd=place).stdout
    folders = sorted((place / "front").iterdir())
    assert folders
    for folder in folders:
        assert f"Trial {folder.name.removeprefix('trial-')} " in out
        assert (folder / "onnx" / "model.onnx").is_file()


def test_exported_files_are_scored_as_their_network(place: Path) -> None:
    whole = json.loads(snas("evaluate", RUN, "--json", cwd=place).stdout)
    snas("export", RUN, "--format", "onnx,python,quantized,mobile", cwd=place)
    for file in ("onnx/model.onnx", "python/model.py", "mobile/model.ort"):
        model = f"{RUN}/export/{file}"
        scores = json.loads(snas("evaluate", "--exported", model, "--json", cwd=place).stdout)
        assert scores["accuracy"] == whole["accuracy"]
        assert scores["folder"].endswith(f"{RUN}/evaluation-{Path(file).parent.name}")


@pytest.mark.parametrize("pixels", [False, True])
def test_exported_files_are_scored_on_other_pictures(place: Path, pixels: bool) -> None:
    """The run's own data set, as if it were another: all of it, so a little better than the test
    split; and far from its run."""
    options = ["--with-preprocessing"] * pixels
    snas("export", RUN, *options, "--output", "away", cwd=place)
    (place / "elsewhere").mkdir(exist_ok=True)
    shutil.copytree(place / "away", place / "elsewhere" / "away", dirs_exist_ok=True)
    said = snas("evaluate", "--exported", "elsewhere/away/onnx/model.onnx", "--dataset", "digits",
                "--json", cwd=place)  # fmt: skip
    scores = json.loads(said.stdout)
    assert (scores["pictures"], scores["split"], scores["data"]) == (1797, "all", "digits")
    assert scores["folder"].endswith("elsewhere/away/evaluation-onnx-digits")
    whole = json.loads(snas("evaluate", RUN, "--json", cwd=place).stdout)
    assert abs(scores["accuracy"] - whole["accuracy"]) < 0.15
    model = "elsewhere/away/onnx/model.onnx"
    assert "lies in no run" in snas("evaluate", "--exported", model, cwd=place, code=2).stderr


def test_mistakes_are_told(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / RUN / "best", tmp_path / "alone")
    for arguments, message in (
        (["alone/architecture.json"], "lies in no run, so there are no pictures to compare"),
        ([place / RUN, "--output", "file"], "cannot write file: a file is in the way"),
        ([place / RUN, "--rank", 99], "so none of rank 99"),
        ([place / RUN, "--pareto", "--rank", 2], "leave out --rank"),
        ([place / RUN, "--format", ","], "names no format; there are: coreml"),
    ):
        (tmp_path / "file").write_text("")
        code = 1 if "file" in arguments else 2
        assert message in snas("export", *arguments, cwd=tmp_path, code=code).stderr
