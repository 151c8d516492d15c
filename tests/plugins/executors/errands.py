"""What workers are asked to do in tests, good and bad. Workers import it by name."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from snas_cli import errors
from snas_cli.api import CandidateError, Slot, SnasError

Payload = Mapping[str, Any]


class OwnError(errors.RunError):
    """A plugin's."""


def make(arguments: Mapping[str, Any], slot: Slot) -> Callable[[Payload], Mapping[str, Any]]:
    if "torch" in arguments:
        import torch  # noqa: F401
    if "do" in arguments:
        ERRANDS[arguments["do"]](arguments)

    def work(payload: Payload) -> Mapping[str, Any]:
        tell(payload)
        if "once" in payload and not _is_first(Path(payload["once"])):
            return {"answer": "at last"}
        done: Mapping[str, Any] = ERRANDS[payload.get("do", "answer")](payload)
        return done

    return work


def tell(payload: Payload) -> None:
    """Writes a line to a file, or a pipe with a name: who is at work on what."""
    if "tell" in payload:
        with Path(payload["tell"]).open("a") as file:
            file.write(f"{os.getpid()} {payload.get('number')}\n")


def _is_first(marker: Path) -> bool:
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def answer(payload: Payload) -> Mapping[str, Any]:
    return {"answer": payload.get("number"), "pid": os.getpid()}


def count(payload: Payload) -> Mapping[str, Any]:
    return {"answer": sum(range(payload["upto"])) + payload["number"]}


def die(payload: Payload) -> Any:
    os.kill(os.getpid(), getattr(signal, payload.get("signal", "SIGKILL")))
    return {"answer": "alive"}


def hold(payload: Payload) -> Any:
    """Dies, but a child of its own lives on and holds its files open."""
    child = os.fork()
    if not child:
        signal.pause()
    Path(payload["child"]).write_text(str(child))
    die(payload)


def segfault(payload: Payload) -> Any:
    ctypes.string_at(0)


def hang(payload: Payload) -> Any:
    threading.Event().wait()


def spin(payload: Payload) -> Any:
    while True:
        pass


def hog(payload: Payload) -> Any:
    """Waits, and lets no other thread have its turn."""
    ctypes.PyDLL(None).pause()


def leave(payload: Payload) -> Any:
    sys.stderr.write("there is no paper left\n\n")
    sys.exit(3)


def fail(payload: Payload) -> Any:
    raise ValueError("bad luck\nin two lines")


def give_up(payload: Payload) -> Any:
    raise CandidateError("not a number")


def fill(payload: Payload) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "weights")


def stop(payload: Payload) -> Any:
    kind: type[SnasError] = globals().get(payload["error"]) or getattr(errors, payload["error"])
    raise kind(["one", "two"]) if kind is errors.RecipeError else kind("enough")


def odd(payload: Payload) -> Any:
    return {"answer": object()}


def say(payload: Payload) -> Mapping[str, Any]:
    print("hello from Python")
    os.write(1, b"hello from C\n")
    os.write(2, b"a warning\n")
    return {}


def echo(payload: Payload) -> Mapping[str, Any]:
    return {"answer": payload["text"]}


def hear(payload: Payload) -> Mapping[str, Any]:
    """Waits until somebody tells."""
    return {"answer": Path(payload["from"]).read_text()}


def look(payload: Payload) -> Mapping[str, Any]:
    """What the worker was started with."""
    torch: Any = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else None
    return {"environment": dict(os.environ), "threads": threads, "modules": sorted(sys.modules)}


def gpu(payload: Payload) -> Mapping[str, Any]:
    import torch

    total = torch.ones(3, device="cuda").sum().item()
    name = str(torch.cuda.get_device_properties(0).uuid)
    return {"devices": torch.cuda.device_count(), "name": name, "total": total}


ERRANDS: dict[str, Callable[[Payload], Any]] = {
    errand.__name__: errand
    for errand in (answer, count, die, hold, segfault, hang, spin, hog, leave, fail, give_up, fill,
                   stop, odd, say, echo, hear, look, gpu)
}  # fmt: skip
