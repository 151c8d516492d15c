"""What `snas plugins new` writes: it passes its own tests, and is searched with once installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from snas_cli.registry import KINDS
from tests.cli.snas import snas
from tests.conftest import ROOT


def run(*command: object, cwd: Path, path: Path | None = None) -> str:
    """What it printed; modules in `path` come before others."""
    paths = os.pathsep.join(map(str, [path, ROOT, ROOT / "plugins"] if path else []))
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_project_passes_its_own_tests(kind: str, tmp_path: Path) -> None:
    said = snas("plugins", "new", "snas-mine", "--kind", kind, cwd=tmp_path).stdout
    assert f"snas-mine: {'an' if kind[0] in 'aeio' else 'a'} {kind} named mine" in said
    out = run(sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider",
              cwd=tmp_path / "snas-mine", path=tmp_path)  # fmt: skip
    assert "1 passed" in out


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that a family, a strategy and an observer were installed into, by pip."""
    folder = tmp_path_factory.mktemp("new")
    for kind in ("family", "strategy", "observer", "evaluator"):
        name = f"snas-my-{kind}"
        snas("plugins", "new", name, "--kind", kind, cwd=folder)
        run(sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-deps",
            "--no-index", "--quiet", "--disable-pip-version-check", "--target", folder / "site",
            folder / name, cwd=folder)  # fmt: skip
    return folder / "site"


def test_installed_ones_are_listed_and_searched_with(installed: Path, tmp_path: Path) -> None:
    command = (sys.executable, "-m", "snas_cli")
    listed = json.loads(run(*command, "plugins", "--json", cwd=tmp_path, path=installed))
    assert listed["faults"] == []
    origins = {part["name"]: part["origin"] for part in listed["components"]}
    assert origins["my_family"] == "snas-my-family:my_family"
    options = "--families my_family --strategy my_strategy --observer my_observer --name run"
    sizes = "--generations 2 --population-size 3 --epochs 1 --set finale.epochs=1 --json"
    out = run(*command, "search", "digits", *options.split(), *sizes.split(),
              "--set", "execution.executor=inline", cwd=tmp_path, path=installed)  # fmt: skip
    trials = json.loads(out)["trials"]
    assert {trial["architecture"]["family"] for trial in trials} == {"my_family"}
    assert any(trial["parents"] for trial in trials)
    notes = (tmp_path / "runs" / "run" / "my_observer.txt").read_text()
    assert len(notes.splitlines()) == len(trials)


def test_the_recipe_of_a_new_evaluator_is_searched(installed: Path, tmp_path: Path) -> None:
    recipe = installed.parent / "snas-my-evaluator" / "recipe.yaml"
    out = run(sys.executable, "-m", "snas_cli", "search", recipe, "--json",
              cwd=tmp_path, path=installed)  # fmt: skip
    assert json.loads(out)["best"]["fitness"] <= 0
