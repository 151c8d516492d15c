"""`snas bench`, as somebody who has written a strategy or an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.snas import snas


def test_it_prints_a_table_and_draws_curves(tmp_path: Path) -> None:
    said = snas("bench", "--strategy", "random, aging", "--variant", "search.elites=1",
                "--trainings", 8, "--seeds", 2, "--workers", 1, cwd=tmp_path).stdout  # fmt: skip
    assert "worse than" in said
    for name in ("random", "aging", "aging, elites=1"):
        assert name in said
    assert (tmp_path / "bench.svg").read_text().startswith("<svg")


def test_as_json_with_every_curve(tmp_path: Path) -> None:
    done = snas("bench", "--strategy", "aging", "--trainings", 5, "--seeds", 2, "--workers", 1,
                "--set", "search.options.batch=1", "--plot", "a.svg", "--json",
                cwd=tmp_path)  # fmt: skip
    (line,) = json.loads(done.stdout)["strategies"]
    assert [len(curve) for curve in line["regrets"]] == [5, 5]
    assert (tmp_path / "a.svg").exists()


def test_what_is_no_setting_of_a_search_is_refused(tmp_path: Path) -> None:
    for setting in ("limits.max_params=1", "search.max_trials=3", "elites"):
        said = snas("bench", "--set", setting, cwd=tmp_path, code=2).stderr
        assert setting in said
    said = snas("bench", "--strategy", "agin", cwd=tmp_path, code=2).stderr
    assert "did you mean 'aging'?" in said
