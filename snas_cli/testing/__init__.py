"""Conformance checks for components of every kind: ours pass them, and so should yours.

In a plugin's own tests:

    from snas_cli.testing import check_family

    def test_my_family():
        check_family(MyFamily())

Each function raises AssertionError with what the component does that it must not, or fails to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from snas_cli.testing.datasets import check_dataset
from snas_cli.testing.evaluators import check_evaluator
from snas_cli.testing.executors import check_executor
from snas_cli.testing.exporters import check_exporter
from snas_cli.testing.families import check_family
from snas_cli.testing.observers import check_observer
from snas_cli.testing.proxies import check_proxy
from snas_cli.testing.searching import (
    check_operator,
    check_strategy,
    sample_setup,
    sample_space,
)

__all__ = [
    "check_component",
    "check_dataset",
    "check_evaluator",
    "check_executor",
    "check_exporter",
    "check_family",
    "check_observer",
    "check_operator",
    "check_proxy",
    "check_strategy",
    "sample_setup",
    "sample_space",
]


def check_component(kind: str, item: Any, folder: Path) -> None:
    """The check of the item's kind. A data set that needs the user's own files, or a download, is
    for `check_dataset`."""
    checks = {
        "family": lambda: check_family(item),
        "operator": lambda: check_operator(item),
        "strategy": lambda: check_strategy(item),
        "executor": lambda: check_executor(item),
        "proxy": lambda: check_proxy(item),
        "exporter": lambda: check_exporter(item, folder),
        "observer": lambda: check_observer(item, folder),
    }
    checks[kind]()
