"""Executors that do errands, and leave no process behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from snas_cli.api import Executor, Job, JobResult, WorkerSetup
from snas_cli.registry import Registry
from tests.experiment import tiny

Open = Callable[..., Executor]


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers import what this process can import."""
    monkeypatch.syspath_prepend(Path(__file__).parent)


@pytest.fixture
def open_executor(importable: None) -> Iterator[Open]:
    """Opens executors that are closed at the end."""
    before, opened = children(), []

    def open_one(
        kind: type[Executor],
        options: dict[str, Any],
        arguments: dict[str, Any] | None = None,
        logs: Path | None = None,
    ) -> Executor:
        opened.append(kind(options).open(WorkerSetup("errands:make", arguments or {}), logs))
        return opened[-1]

    yield open_one
    for executor in opened:
        executor.close()
        executor.close()  # once more does no harm
    assert children() <= before


@pytest.fixture(scope="session")
def inline(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the smallest search comes to in one process."""
    return tiny.results(tiny.search(registry, tmp_path_factory.mktemp("inline")).folder)


def children() -> set[int]:
    """Processes that this one has started, dead ones that nobody waited for among them."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(after_name[1]) == os.getpid():
            found.add(int(stat.parent.name))
    return found


def jobs(*payloads: dict[str, Any]) -> list[Job]:
    """Their numbers are their places; what is said of `time_limit` and `weight` is the job's."""
    made = []
    for number, given in enumerate(payloads):
        payload = {"number": number, **given}
        limit, weight = payload.pop("time_limit", None), payload.pop("weight", 1.0)
        made.append(Job(number, payload, weight, limit))
    return made


def run(executor: Executor, *payloads: dict[str, Any]) -> list[JobResult]:
    """The results, in the order of the jobs."""
    results = sorted(executor.run(jobs(*payloads)), key=lambda result: result.number)
    assert [result.number for result in results] == list(range(len(payloads)))
    return results


def answers(results: list[JobResult]) -> list[Any]:
    """What the jobs answered, or why they did not."""
    return [result.value["answer"] if result.value else result.reason for result in results]
