"""What several tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, here and in what tests start

from snas_cli.registry import Registry

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def decoded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing is left in the user's cache."""
    folder = tmp_path_factory.mktemp("decoded")
    os.environ["SNAS_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry.installed()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; it is no part of the repository."""
    folder = Path(os.environ.get("SNAS_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"there are no real data sets in {folder}; set SNAS_DATA to have them")
    return folder
