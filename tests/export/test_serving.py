"""Models are run in a process of their own, and timed in turn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

from snas_cli.api import ExportError, NotRunHereError
from snas_cli.export.serving import (
    FEWEST,
    MOST,
    WARM_UP,
    Latency,
    Served,
    answered,
    interleaved,
    latency_of,
    serve,
    serve_each,
)
from snas_cli.export.sources import bare_source
from snas_cli.registry import Registry
from snas_cli.testing.exporters import CARD
from snas_cli.testing.networks import small_network


def test_logits_are_those_of_the_first_and_each_is_timed(
    registry: Registry, tmp_path: Path
) -> None:
    network = small_network().eval()
    onnx = registry.exporter("onnx")
    model = onnx.write(bare_source(network, CARD), tmp_path).files[0]
    images = torch.randn(300, *CARD.input_shape)
    damaged = tmp_path / "other.onnx"
    damaged.write_bytes(b"no model")
    (first, second), logits = serve([(onnx, model), (onnx, damaged)], images.numpy())
    assert logits is not None
    with torch.no_grad():
        np.testing.assert_allclose(logits, network(images).numpy(), atol=1e-5)
    latency = first.checked()
    assert 0 < latency.min_ms <= latency.median_ms <= latency.p90_ms
    with pytest.raises(ExportError, match=r"other\.onnx: ONNX Runtime cannot load it"):
        second.checked()


def test_a_crash_is_an_export_error(registry: Registry, tmp_path: Path) -> None:
    model = tmp_path / "model.py"
    images = np.zeros((2, *CARD.input_shape), np.float32)
    for code, message in (("os.abort()", "was ended by SIGABRT"), ("1 / 0", "ZeroDivisionError")):
        model.write_text(f"import os\n{code}\n")
        with pytest.raises(ExportError, match=message):
            serve([(registry.exporter("python"), model)], images)


def test_each_job_has_a_process_of_its_own(registry: Registry, tmp_path: Path) -> None:
    """So that neither a crash nor what one leaves in memory is another's."""
    python, images = registry.exporter("python"), np.zeros((2, *CARD.input_shape), np.float32)
    sound = python.write(bare_source(small_network().eval(), CARD), tmp_path).files[0]
    (tmp_path / "worse").mkdir()
    crashing = tmp_path / "worse" / "model.py"
    crashing.write_text("import os\nos.abort()\n")
    assert python.imports == ("torch",)
    crash, answer = serve_each([[(python, crashing)], [(python, sound)]], images)
    assert "was ended by SIGABRT" in str(crash)
    (served,), logits = answered(answer)
    assert served.checked().min_ms > 0
    assert logits is not None


def test_calls_take_turns() -> None:
    order: list[str] = []
    calls = {0: lambda: order.append("a"), 1: lambda: order.append("b")}
    ticks = count(0, 10)
    times = interleaved(calls, lambda: next(ticks))
    assert {number: set(ns) for number, ns in times.items()} == {0: {10}, 1: {10}}
    assert len(times[0]) == MOST
    assert "".join(order) == "a" * WARM_UP + "b" * WARM_UP + "ab" * MOST


def test_slow_calls_are_made_the_fewest_times() -> None:
    ticks: Iterator[int] = count(0, 10**10)
    assert len(interleaved({0: lambda: None}, lambda: next(ticks))[0]) == FEWEST


def test_a_latency_is_steady_or_not() -> None:
    latency = latency_of([1_000_000] * 85 + [2_000_000] * 15)
    assert latency == Latency(1.0, 1.0, 2.0)
    assert not latency.steady
    assert latency_of([1_000_000] * 95 + [2_000_000] * 5).steady


def test_what_did_not_run_says_why() -> None:
    with pytest.raises(NotRunHereError, match="macOS"):
        Served(None, NotRunHereError("macOS alone")).checked()
    with pytest.raises(ExportError, match="not timed"):
        Served(None, None).checked()
