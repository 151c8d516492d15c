"""Has Streamlit serve the page, to this computer alone."""

from __future__ import annotations

import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from snas_cli.errors import SnasError, UsageError
from snas_cli.report.colours import DARK, LIGHT

ADDRESS = "127.0.0.1"
PORT = 8501
MEGABYTES = 2000  # of an upload
SCRIPT = Path(__file__).parent / "entry" / "page.py"


def serve(runs: Path, port: int | None, *, browser: bool) -> NoReturn:
    """Becomes the server, until Ctrl-C. Raises SnasError where Streamlit is not installed,
    UsageError where the port is taken."""
    if find_spec("streamlit") is None:
        raise SnasError("the page needs Streamlit, which is not installed: pip install 'snas[ui]'")
    chosen = free_port() if port is None else _checked(port)
    print(f"the page is at http://{ADDRESS}:{chosen}; Ctrl-C ends it, and no search", flush=True)
    os.execv(sys.executable, command(runs.absolute(), chosen, browser=browser))  # noqa: S606


def command(runs: Path, port: int, *, browser: bool) -> list[str]:
    """Options precede whatever a config.toml of Streamlit's says."""
    options = {
        "server.address": ADDRESS,
        "server.port": port,
        "server.headless": not browser,
        "server.showEmailPrompt": False,
        "server.maxUploadSize": MEGABYTES,
        "server.fileWatcherType": "none",
        "browser.serverAddress": ADDRESS,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "logger.hideWelcomeMessage": True,
        "theme.light.primaryColor": LIGHT.colours[0],
        "theme.dark.primaryColor": DARK.colours[0],
    }
    given = [f"--{name}={str(value).lower()}" for name, value in options.items()]
    # No other name may be pointed at it.
    given += [f"--server.allowedHosts={host}" for host in (ADDRESS, "localhost")]
    # -P: no module is taken from the folder that it happens to be started in.
    return [sys.executable, "-P", "-m", "streamlit", "run", *given, str(SCRIPT), "--", str(runs)]


def free_port() -> int:
    """The usual one, or one of the next that is free."""
    for port in range(PORT, PORT + 50):
        if _is_free(port):
            return port
    return _checked(0)


def _checked(port: int) -> int:
    """A free one for 0. Raises UsageError."""
    if port == 0:
        with socket.socket() as probe:
            probe.bind((ADDRESS, 0))
            number: int = probe.getsockname()[1]
            return number
    if not _is_free(port):
        raise UsageError(f"--port {port}: something else listens there; without --port, a free one "
                         "is chosen")  # fmt: skip
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
        return True
