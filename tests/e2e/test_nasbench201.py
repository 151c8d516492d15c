"""A search on NAS-Bench-201 from the command line: real trainings, looked up in their table by a
plugin that is found as if it were installed."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import yaml

from snas_cli.bench.contest import Arena, Contest, Contestant, registry_with
from snas_cli.registry import GROUP
from tests.cli.snas import snas

PLUGIN = Path(__file__).with_name("snas_nasbench201")
TRIALS = 50


@pytest.fixture(scope="module")
def table(real_data: Path) -> Path:
    path = real_data / "nasbench201" / "nasbench201.csv.gz"
    if not path.is_file():
        pytest.skip(f"there is no table of NAS-Bench-201 at {path}")
    return path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Where the plugin is imported from: its source, and what pip would write down of it."""
    site = tmp_path_factory.mktemp("site")
    about = site / "snas_nasbench201-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: snas-nasbench201\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[snas]\nnasbench201 = snas_nasbench201\n")
    folders = [str(PLUGIN / "src"), str(site)]
    with pytest.MonkeyPatch.context() as patch:
        for folder in folders:
            patch.syspath_prepend(folder)
        yield folders


@pytest.fixture(scope="module")
def place(table: Path, installed: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe, in which it was searched once."""
    folder = tmp_path_factory.mktemp("place")
    recipe = {
        "space": {"families": ["nasbench201"]},
        "evaluator": {"name": "nasbench201", "options": {"table": str(table)}},
        "search": {"max_trials": TRIALS},
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    snas("search", "recipe.yaml", "--name", "whole", cwd=folder)
    return folder


def outcome(place: Path, name: str) -> dict[str, Any]:
    """All that `--json` says of a search but for its folder and times. It goes on if it has to."""
    document: dict[str, Any] = json.loads(
        snas("resume", f"runs/{name}", "--json", cwd=place).stdout
    )
    del document["folder"]
    for trial in document["trials"]:
        del trial["seconds"]
    return document


def test_it_finds_one_of_the_best_in_fifty_trials(place: Path, table: Path) -> None:
    found = outcome(place, "whole")
    assert [trial["number"] for trial in found["trials"]] == list(range(TRIALS))
    scores = [trial["fitness"] for trial in found["trials"]]
    assert found["best"]["val_acc"] == max(scores)
    with gzip.open(table, "rt") as file:
        all_cells = [float(row["c100_val_12ep"]) / 100 for row in csv.DictReader(file)]
    assert set(scores) <= set(all_cells)
    better = sum(score > max(scores) for score in all_cells)
    assert better < len(all_cells) / 100, "of fifty random cells, the best is one in fifty"


@pytest.mark.usefixtures("installed")
def test_most_searches_find_one_of_the_very_best_in_fifty_trials(table: Path) -> None:
    """One seed may be unlucky; the median of five is not."""
    with gzip.open(table, "rt") as file:
        all_cells = [float(row["c100_val_12ep"]) / 100 for row in csv.DictReader(file)]
    arena = Arena(
        registry_with(EntryPoint("nasbench201", "snas_nasbench201", GROUP)), "nasbench201",
        {"name": "nasbench201", "options": {"table": str(table)}}, max(all_cells),
    )  # fmt: skip
    contest = Contest(TRIALS, 5, lambda: arena)
    regrets = [contest.regrets(Contestant("evolution", "evolution"), seed)[-1] for seed in range(5)]
    better = sum(100 * (max(all_cells) - cell) < median(regrets) - 1e-9 for cell in all_cells)
    assert better < len(all_cells) / 1000


def test_no_cell_is_looked_up_twice(place: Path) -> None:
    cells = [trial["fingerprint"] for trial in outcome(place, "whole")["trials"]]
    assert len(set(cells)) == TRIALS


@pytest.mark.parametrize("trials", [3, 40])
def test_killed_and_resumed_it_ends_the_same(
    place: Path, installed: list[str], trials: int
) -> None:
    name = f"killed-{trials}"
    command = [sys.executable, "-m", "snas_cli", "search", "recipe.yaml", "--name", name]
    path = os.pathsep.join([*installed, os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        command, cwd=place, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if f"trial {trials} " in line:
            break
    process.kill()
    process.communicate()
    journal = (place / "runs" / name / "journal.jsonl").read_text()
    assert '"finished"' not in journal
    assert outcome(place, name) == outcome(place, "whole")
    best = Path("best", "architecture.json")
    assert (place / "runs" / name / best).read_bytes() == (
        place / "runs" / "whole" / best
    ).read_bytes()


def test_a_table_that_is_not_there_is_said(place: Path) -> None:
    setting = "evaluator.options.table=nowhere.csv.gz"
    said = snas("search", "recipe.yaml", "--set", setting, cwd=place, code=1).stderr
    assert "evaluator.options.table: cannot read nowhere.csv.gz" in said
