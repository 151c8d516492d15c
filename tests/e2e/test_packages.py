"""What is released: an sdist, and the wheel that is built from it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], set[str]]:
    """The names of the files in the sdist and in the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    return packed, set(zipfile.ZipFile(wheel).namelist())


def sources(package: str, place: Path) -> set[str]:
    """All files of a package but what Python makes of them, as a wheel calls them."""
    files = (path for path in (place / package).rglob("*") if path.is_file())
    return {str(path.relative_to(place)) for path in files if "__pycache__" not in path.parts}


def test_the_wheel_has_every_file_of_both_packages(released: tuple[set[str], set[str]]) -> None:
    _, wheel = released
    expected = sources("snas_cli", ROOT) | sources("snas_plugins", ROOT / "plugins")
    assert expected - wheel == set()
    assert {name.partition("/")[0] for name in wheel if ".dist-info" not in name} == {
        "snas_cli", "snas_plugins",
    }  # fmt: skip


def test_it_has_the_licence_of_its_own_and_that_of_the_table(
    released: tuple[set[str], set[str]],
) -> None:
    _, wheel = released
    licences = {name.partition("/licenses/")[2] for name in wheel if "/licenses/" in name}
    assert licences == {"LICENSE", "snas_cli/bench/LICENSE-nasbench201"}


def test_the_sdist_has_what_one_works_with(released: tuple[set[str], set[str]]) -> None:
    sdist, _ = released
    wanted = {"README.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml",
              "recipes/digits.yaml", "tests/test_architecture.py"}  # fmt: skip
    assert wanted - sdist == set()
    assert not [name for name in sdist if name.startswith(("runs/", ".venv/", ".git/"))]
