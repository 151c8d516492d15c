"""A stranger's package, pip-installed beside a wheel of snas, into an environment of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import ROOT

PLUGIN = Path(__file__).with_name("snas_thirdparty")


@pytest.fixture(scope="module")
def snas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a fresh environment, which finds the large packages where they are already."""
    folder = tmp_path_factory.mktemp("fresh")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env")
    python = folder / "env" / "bin" / "python"
    packages = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    )
    here = sysconfig.get_path("purelib")
    (packages / "large.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    install = ("-m", "pip", "--python", python, "install", "--no-deps", "--no-build-isolation",
               "--no-index", "--quiet", "--disable-pip-version-check")  # fmt: skip
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    run(sys.executable, *install, *folder.glob("*.whl"))
    run(sys.executable, *install, shutil.copytree(PLUGIN, folder / "plugin"))
    return folder / "env" / "bin" / "snas"


def run(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_wheel_is_what_runs(snas: Path, tmp_path: Path) -> None:
    python = snas.with_name("python")
    for package in ("snas_cli", "snas_plugins"):
        code = f"import {package}; print({package}.__file__)"
        assert str(snas.parent.parent) in run(python, "-c", code, cwd=tmp_path)


def test_its_components_are_listed_with_their_origin(snas: Path, tmp_path: Path) -> None:
    listed = json.loads(run(snas, "plugins", "--json", cwd=tmp_path))
    theirs = {
        (part["kind"], part["name"])
        for part in listed["components"]
        if part["origin"].startswith("snas-thirdparty:")
    }
    assert theirs == {("dataset", "stripes"), ("family", "perceptron"), ("operator", "widen")}
    assert listed["faults"] == []


def test_a_search_uses_its_data_family_and_operator(snas: Path, tmp_path: Path) -> None:
    options = "--families perceptron --generations 4 --population-size 6 --epochs 2 --json"
    operators = "search.operators={widen: 2, nudge: 1, point: 0, depth: 0}"
    settings = ("--set", "finale.epochs=20", "--set", operators)
    out = run(snas, "search", "stripes", *options.split(), *settings, cwd=tmp_path)
    result = json.loads(out)
    assert {trial["architecture"]["family"] for trial in result["trials"]} == {"perceptron"}
    assert any("widen" in trial["operator"] for trial in result["trials"])
    assert result["best"]["test_acc"] > 0.8
    run(snas, "export", "--format", "all", cwd=tmp_path)


def test_its_components_conform(snas: Path, tmp_path: Path) -> None:
    code = """
from pathlib import Path
from snas_cli.api import DataRequest
from snas_cli.registry import Registry
from snas_cli.testing import check_dataset, check_family, check_operator
registry = Registry.installed()
check_family(registry.family("perceptron"))
check_operator(registry.operator("widen"))
check_dataset(registry.dataset("stripes"), DataRequest(None, Path()))
"""
    run(snas.with_name("python"), "-c", code, cwd=tmp_path)
