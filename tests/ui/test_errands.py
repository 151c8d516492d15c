"""Processes that outlive the page."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from snas_cli.errors import RunError
from snas_cli.ui.errands import Errand

SERVER = """
import sys
from pathlib import Path
from snas_cli.ui.errands import Errand
Errand(Path(sys.argv[1])).start(["recipes", "show"])
"""


def wait_for(errand: Errand) -> None:
    """Until the process lets go of what it prints to."""
    with errand.log.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)


def test_what_a_server_started_goes_on_without_it(tmp_path: Path) -> None:
    errand = Errand(tmp_path / "recipes.txt")
    subprocess.run([sys.executable, "-c", SERVER, str(errand.log)], check=True)
    wait_for(errand)  # the server is gone
    assert errand.text().startswith("$ snas recipes show\n")
    assert "checkpoint_every" in errand.last_text()
    assert errand.complaint() == ""


def test_one_at_a_time_and_what_went_wrong(tmp_path: Path) -> None:
    errand = Errand(tmp_path / "search.txt")
    errand.start(["search", "nowhere"])
    with pytest.raises(RunError, match="at work already"):
        errand.start(["search", "nowhere"])
    wait_for(errand)
    assert "nowhere" in errand.complaint()
    assert "Traceback" not in errand.text()
