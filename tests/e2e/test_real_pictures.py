"""Photographs of traffic signs, of 658 sizes, in class folders: from a folder to a checked file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.archives import unpack
from tests.cli.snas import snas


def test_a_folder_of_photographs_becomes_a_checked_export(real_data: Path, tmp_path: Path) -> None:
    unpack(real_data / "gtsrb15" / "gtsrb15.tar.gz", tmp_path)
    options = "--generations 2 --population-size 3 --epochs 1 --max-flops 2M --json"
    settings = ("--set", "search.elites=1", "--set", "finale.epochs=4", "--set", "finale.top=1")
    out = snas("search", "gtsrb15", *options.split(), *settings, cwd=tmp_path).stdout
    best = json.loads(out)["best"]
    assert best["test_acc"] > 2 / 15  # a few epochs, and twice what guessing gives
    assert best["flops"] <= 2_000_000
    scores = json.loads(snas("evaluate", "--json", cwd=tmp_path).stdout)
    assert scores["pictures"] == 580
    assert len(scores["classes"]) == 15

    snas("export", "--format", "all", cwd=tmp_path)
    picture = next((tmp_path / "gtsrb15" / "test").rglob("*.ppm"))
    model = tmp_path / "runs" / "gtsrb15-001" / "export" / "python" / "model.py"
    command = [sys.executable, "-I", str(model), str(picture)]
    named = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert len(named.splitlines()) == 5
