"""Runs the command `snas`, in this process for speed: torch takes seconds to import."""

from __future__ import annotations

from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from snas_cli.app import main


@dataclass(frozen=True)
class Said:
    stdout: str
    stderr: str


def snas(*arguments: object, cwd: Path, code: int = 0) -> Said:
    """What it said. Checks the exit code, and that no traceback was shown."""
    out, err = StringIO(), StringIO()
    with chdir(cwd), redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    said = Said(out.getvalue(), err.getvalue())
    assert (end.value.code or 0) == code, said
    assert "Traceback" not in said.stderr, said
    return said
