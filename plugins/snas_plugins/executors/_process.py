"""One worker process, as its supervisor sees it: a slot, a pipe, a log, and the job it has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from snas_cli.api import SearchError, Slot, WorkerSetup
from snas_plugins.executors._assignments import Assignment, Worker

# Not multiprocessing.Process: that would import the main module again, and could neither give the
# process its environment nor keep its first words off the screen.
CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from snas_plugins.executors._worker import main; main(int(sys.argv[1]))"
)
LAST_WORDS = 200  # characters of them in a reason
LONGEST_READ = 65536  # bytes of a log


class WorkerProcess(Worker):
    def __init__(
        self, slot: Slot, setup: WorkerSetup, log: Path, environment: Mapping[str, str]
    ) -> None:
        super().__init__(slot)
        with ExitStack() as undo:
            try:
                self._log = undo.enter_context(log.open("a+b"))
                self.connection, theirs = Pipe()
                undo.callback(self.connection.close)
                with theirs:
                    self.process = _started(theirs, self._log, environment)
            except OSError as error:
                raise SearchError(f"a worker process cannot be started: {error}") from error
            undo.pop_all()
        self._log_start = self._log_size()
        # Linux means the thread that started a process when it says its parent.
        dies = threading.current_thread() is threading.main_thread()
        own = {"slot": asdict(slot), "dies_with_parent": dies}
        self._send({"maker": setup.maker, "arguments": setup.arguments, **own})

    @property
    def idle(self) -> bool:
        return super().idle and self.process.poll() is None

    @property
    def may_wait(self) -> bool:
        return False

    @property
    def hopeless(self) -> bool:
        """What kills workers may stop doing so; one that leaves by itself would do it again."""
        return self.process.returncode >= 0

    def give(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self._log_start = self._log_size()
        assignment.started = time.monotonic()
        self._send(assignment.job.payload)

    def _send(self, document: Mapping[str, Any]) -> None:
        """To a worker that has died, nothing: that is noticed where it is listened to."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send_bytes(json.dumps(document).encode())

    def receive(self) -> dict[str, Any] | None:
        dead = self.process.poll() is not None  # before: what it has said by then can be read
        if not self.connection.poll():
            if dead:
                raise EOFError
            return None
        try:
            message: dict[str, Any] = json.loads(self.connection.recv_bytes())
        except OSError as error:  # in the middle of a message
            raise EOFError from error
        return message

    def kill(self) -> None:
        self.process.kill()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.connection.close()
        self._log.close()

    def _log_size(self) -> int:
        return os.fstat(self._log.fileno()).st_size

    def epitaph(self) -> str:
        """Its death must be awaited."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=5)  # its pipe is closed a moment earlier
        start = max(self._log_start, self._log_size() - LONGEST_READ)
        words = _last_words(os.pread(self._log.fileno(), LONGEST_READ, start))
        self.end()
        code = self.process.returncode
        if code >= 0:
            ending = f"the worker left with exit code {code}"
        elif -code == signal.SIGKILL:
            ending = "the worker was killed (SIGKILL); out of memory?"
        else:
            ending = f"the worker was killed ({_signal_name(-code)})"
        return f"{ending}: {words}" if words else ending


def _started(
    theirs: Connection, log: IO[bytes], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    descriptor = theirs.fileno()
    # -P: nothing is imported from the folder the user happens to be in, unless we do so, too.
    command = [sys.executable, "-u", "-P", "-c", CODE, str(descriptor), json.dumps(sys.path)]
    return subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
        pass_fds=[descriptor],
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_words(log: bytes) -> str:
    """The last line; of a crash that Python has seen, where it was."""
    text = log.decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    if fatal:
        after = lines[lines.index(fatal[-1]) :]
        frames = [line for line in after if line.startswith("File ")]
        lines = [" ".join([fatal[-1].removeprefix("Fatal Python error: "), *frames[:1]])]
    return lines[-1][:LAST_WORDS] if lines else ""
