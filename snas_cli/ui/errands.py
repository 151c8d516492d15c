"""`snas` as a process that outlives the page: it holds the file that it prints to locked, so that
whoever looks later knows whether it is at work; the lock falls when it ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from snas_cli.errors import RunError
from snas_cli.runs.folder import RunFolder

PROMPT = "$ snas "  # begins the line before what a process prints
TAIL = 200_000  # bytes of a log that are read
STOPPED = "stopped; "  # begins what a search says that was stopped on purpose
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")  # colours and cursors of a terminal


@dataclass(frozen=True)
class Errand:
    """A place where one process at a time works, and what it printed."""

    log: Path

    @property
    def _pid(self) -> Path:
        return self.log.with_suffix(".pid")

    def start(self, arguments: Sequence[str], columns: int = 100) -> None:
        """Starts `snas` with these; it prints lines of so many letters. Raises RunError where one
        is at work already."""
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("ab") as file:
                _lock(file, self.log)
                file.write(f"{PROMPT}{' '.join(arguments)}\n".encode(errors="surrogateescape"))
                file.flush()
                process = _spawn(arguments, file, columns)
                self._pid.write_text(f"{process.pid}\n")
        except OSError as error:
            raise RunError(f"cannot start snas: {error.filename}: {error.strerror}") from None
        # Where the page ends first, the process goes on and the system buries it.
        Thread(target=process.wait, daemon=True).start()

    def started(self) -> bool:
        """Has anything ever been done here?"""
        return self.log.exists()

    def running(self) -> bool:
        return _locked(self.log)

    def stop(self) -> None:
        """Asks the process to end tidily; it may take a moment."""
        if self.running():
            _interrupt(self._pid)

    def text(self) -> str:
        """The end of all that was printed."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(-min(TAIL, file.seek(0, os.SEEK_END)), os.SEEK_END)
            return CONTROL.sub("", file.read().decode(errors="replace"))

    def last_text(self) -> str:
        """What the latest process printed, without the line that started it."""
        _, _, said = f"\n{self.text()}".rpartition(f"\n{PROMPT}")
        return said.partition("\n")[2]

    def complaint(self) -> str:
        """What the latest process said was wrong, or the last line of a traceback."""
        lines = self.last_text().splitlines()
        said = [line.removeprefix("snas: ") for line in lines if line.startswith("snas: ")]
        if any(line.startswith(STOPPED) for line in said):
            return ""
        if not said and any(line.startswith("Traceback ") for line in lines):
            return f"snas itself failed: {lines[-1]}; the log has all of it"
        return "\n".join(said)


def stop_run(run: RunFolder) -> None:
    """Stops whoever searches in it, also one that was started in a terminal."""
    if run.running():
        _interrupt(run.path / "run.pid")


def _interrupt(pid: Path) -> None:
    """By SIGTERM, which snas takes as Ctrl-C: a process that was started in the background of a
    shell does not hear SIGINT."""
    with suppress(ProcessLookupError, ValueError, OSError):
        os.kill(int(pid.read_text()), signal.SIGTERM)


def _spawn(arguments: Sequence[str], output: IO[bytes], columns: int) -> subprocess.Popen[bytes]:
    """-P: no module is taken from the folder that the page happens to be started in."""
    return subprocess.Popen(  # noqa: S603 - no shell, and our own module
        [sys.executable, "-P", "-m", "snas_cli", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C in the page's terminal is not meant for it
        env={**os.environ, "COLUMNS": str(columns), "PYTHONUNBUFFERED": "1"},
    )


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunError(f"a process is at work already; it prints to {path}") from None


def _locked(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
