"""The server: for this computer alone, and what is said where it cannot be started."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from snas_cli.errors import SnasError, UsageError
from snas_cli.ui import server


def test_nobody_else_is_served_and_nothing_is_sent_home(tmp_path: Path) -> None:
    given = server.command(tmp_path, 8501, browser=False)
    for option in (
        "--server.address=127.0.0.1",
        "--browser.gatherUsageStats=false",
        "--server.headless=true",
        "--server.allowedHosts=127.0.0.1",
    ):
        assert option in given


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((server.ADDRESS, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"--port {port}: something else listens there"):
            server.serve(tmp_path, port, browser=False)


def test_without_streamlit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "find_spec", lambda _name: None)
    with pytest.raises(SnasError, match=r"pip install 'snas\[ui\]'"):
        server.serve(tmp_path, None, browser=False)
