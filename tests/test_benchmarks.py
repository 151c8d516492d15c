"""What `make bench` runs can at least be started: nobody runs it on every change."""

from __future__ import annotations

import importlib

import pytest


@pytest.mark.parametrize("name", ["bench_memory", "bench_sharing", "bench_training"])
def test_what_it_imports_is_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # which they set for themselves
    assert importlib.import_module(f"tests.benchmarks.{name}").main
