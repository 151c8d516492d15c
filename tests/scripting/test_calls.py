"""snas from Python: a search, its run, and going on with it; what is loaded when."""

from __future__ import annotations

import inspect
import subprocess
import sys
from contextlib import chdir
from copy import deepcopy
from pathlib import Path

import pytest
import torch
import yaml

import snas_cli
from snas_cli.scripting import calls
from tests.experiment import tiny


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> snas_cli.Run:
    folder = tmp_path_factory.mktemp("runs")
    return snas_cli.search(tiny.VALUES, output_dir=folder, name="whole", progress=False)


def test_importing_it_loads_nothing_slow() -> None:
    slow = ("torch", "typer", "pydantic", "numpy", "rich")
    code = f"import sys, snas_cli; print([name for name in {slow} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


def test_all_that_is_offered_is_there() -> None:
    for name in snas_cli.__all__:
        assert getattr(snas_cli, name)
    with pytest.raises(AttributeError, match="no attribute 'serch'"):
        snas_cli.serch  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", ["search", "export"])
def test_what_is_called_is_a_package_too(name: str) -> None:
    """Python has one name for both, whatever is imported first."""
    called = getattr(snas_cli, name)
    assert inspect.signature(called) == inspect.signature(getattr(calls, name))
    assert inspect.ismodule(called)


def test_a_dict_is_searched_and_not_changed(run: snas_cli.Run, tmp_path: Path) -> None:
    before = deepcopy(tiny.VALUES)
    again = snas_cli.search(tiny.VALUES, output_dir=tmp_path, progress=False)
    assert before == tiny.VALUES
    assert [row["fingerprint"] for row in again.trials] == [
        row["fingerprint"] for row in run.trials
    ]
    assert again.metrics == run.metrics


def test_a_file_with_options_and_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(tiny.VALUES))
    run = snas_cli.search(
        tmp_path / "tiny.yaml", settings={"finale.epochs": 1}, generations=1,
        output_dir=tmp_path / "runs",
    )  # fmt: skip
    assert (run.recipe["finale"]["epochs"], run.recipe["search"]["generations"]) == (1, 1)
    assert "generation 1 of 1" in capsys.readouterr().out
    again = snas_cli.resume(run, generations=2, progress=False)
    assert again == run
    assert {row["generation"] for row in run.trials} == {0, 1}
    assert capsys.readouterr().out == ""


def test_faults_name_the_option(tmp_path: Path) -> None:
    with pytest.raises(snas_cli.SnasError, match=r"population_size: search\.population_size"):
        snas_cli.search("digits", population_size=1)
    with pytest.raises(snas_cli.SnasError, match="no file, folder or data set"):
        snas_cli.search("digitz")
    with pytest.raises(snas_cli.SnasError, match="extend soon: should be a time"):
        snas_cli.resume(tmp_path, extend="soon")


def test_the_run_is_opened_by_its_folder_a_file_or_as_the_latest(run: snas_cli.Run) -> None:
    assert snas_cli.open_run(run.path) == run
    assert snas_cli.open_run(str(run.path / "best" / "..")).metrics == run.metrics
    assert snas_cli.open_run(run.path / "journal.jsonl") == run
    assert snas_cli.open_run(runs=run.path.parent) == run
    with chdir(run.path.parent), pytest.raises(snas_cli.SnasError, match="there is no run in runs"):
        snas_cli.open_run()


def test_the_network_has_its_weights(run: snas_cli.Run) -> None:
    network = run.network()
    assert not network.training
    assert sum(p.numel() for p in network.parameters()) == run.metrics["params"]
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
    assert run.genome.family == run.metrics["family"]


def test_trials_are_rows_with_the_same_keys(run: snas_cli.Run) -> None:
    rows = run.trials
    assert [row["trial"] for row in rows] == list(range(len(rows)))
    assert len({tuple(row) for row in rows}) == 1
    assert rows[0]["val_acc"] == rows[0]["fitness"]
    assert len(rows[0]["genes"]["layers"]) == 2
    assert rows._repr_html_().count("<tr>") == len(rows) + 1


def test_a_data_frame(run: snas_cli.Run) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed; snas does without it")
    frame = run.trials.to_frame()
    assert list(frame["fitness"]) == [row["fitness"] for row in run.trials]
    assert frame.index.name == "trial"


def test_without_pandas_it_says_what_to_install(
    run: snas_cli.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("snas_cli.scripting.rows.find_spec", lambda _name: None)
    with pytest.raises(snas_cli.SnasError, match="pip install pandas"):
        run.trials.to_frame()


def test_notebooks_show_it(run: snas_cli.Run) -> None:
    assert repr(run) == f"Run({str(run.path)!r})"
    assert str(run).startswith(f"{run.path}: finished, {len(run.trials)} trials\n")
    page = run._repr_html_()
    assert page.count("<svg") >= 1
    assert "test accuracy" in page
    assert "one objective" in run.front()._repr_html_()
    assert run.report() == run.path / "report.html"


def test_a_run_without_a_network_says_so(run: snas_cli.Run, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text((run.path / "recipe.yaml").read_text())
    empty = snas_cli.open_run(tmp_path)
    assert (empty.state, empty.trials) == ("stopped", [])
    assert "no network has been kept yet" in empty._repr_html_()
    with pytest.raises(snas_cli.SnasError, match="no trained network yet"):
        empty.network()
    with pytest.raises(snas_cli.SnasError, match="no trained network yet"):
        empty.metrics  # noqa: B018


def test_it_is_scored_and_exported(run: snas_cli.Run, tmp_path: Path) -> None:
    scores = snas_cli.evaluate(run)
    assert scores["accuracy"] == pytest.approx(run.metrics["test_acc"])
    assert snas_cli.evaluate(run.path / "best" / "architecture.json") == scores
    assert snas_cli.evaluate(run, split="val")["split"] == "val"
    document = snas_cli.export(run, ["python"], output=tmp_path)
    assert [each["format"] for each in document["exports"]] == ["python"]
    assert (tmp_path / document["exports"][0]["file"]).exists()
    with pytest.raises(snas_cli.SnasError, match="no exporter 'onx'"):
        snas_cli.export(run, "onx")
