"""What several tests share."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, settings

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, here and in what tests start
os.environ["SNAS_CACHE"] = mkdtemp(prefix="snas-tests-")  # nothing is left in the user's

from snas_cli.registry import Registry

# A shell that runs the tests in the background has them, and what they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no fault of an example.
settings.register_profile("snas", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("snas")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def decoded() -> Iterator[Path]:
    """Where decoded pictures are kept."""
    folder = Path(os.environ["SNAS_CACHE"])
    yield folder
    shutil.rmtree(folder)


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
