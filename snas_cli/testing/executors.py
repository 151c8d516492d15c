"""What an executor must keep to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from snas_cli.api import (
    Executor,
    Job,
    SearchError,
    Slot,
    WorkerSetup,
)


def check_executor(executor: type[Executor]) -> None:
    """Each job has its own result or reason, time after time, and an error of the search itself is
    passed on as what it is. Without options, it must run on any machine."""
    setup = WorkerSetup("snas_cli.testing.executors:divider", {"of": 12})
    jobs = [Job(number, {"by": (number, number % 4)}, weight=number % 3) for number in range(8)]
    with executor({}).open(setup) as opened:
        for _ in range(2):
            results = sorted(opened.run(jobs), key=lambda result: result.number)
            assert [result.number for result in results] == list(range(8)), f"{results}"
            for result, job in zip(results, jobs, strict=True):
                number, by = job.payload["by"]
                value = {"at": [number, result.worker], "quotient": 12 / by} if by else None
                assert result.value == value, f"job {job} gave {result}"
                told = (result.reason or "").startswith("ZeroDivisionError")
                assert told == result.failed, f"a failed job has a reason, and no other: {result}"
        assert not list(opened.run([])), f"{executor.name}: results of no jobs"
        error = _search_error(lambda: list(opened.run([Job(0, {"by": (0, "one")})])))
        assert error == "cannot divide by 'one'", f"{executor.name}: {error}"
    error = _search_error(lambda: _run_one(executor, WorkerSetup(setup.maker, {"of": "one"})))
    assert error == "cannot divide 'one'", f"{executor.name}: {error}"


def _run_one(executor: type[Executor], setup: WorkerSetup) -> None:
    with executor({}).open(setup) as opened:
        list(opened.run([Job(0, {"by": (0, 1)})]))


def _search_error(call: Callable[[], object]) -> str | None:
    try:
        call()
    except SearchError as error:
        return str(error)
    return None


def divider(arguments: Mapping[str, Any], slot: Slot) -> Callable[[Mapping[str, Any]], Any]:
    """What workers do in `check_executor`."""
    of = arguments["of"]
    if isinstance(of, str):
        raise SearchError(f"cannot divide {of!r}")

    def divide(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        number, by = payload["by"]
        if isinstance(by, str):
            raise SearchError(f"cannot divide by {by!r}")
        return {"at": (number, slot.number), "quotient": of / by}

    return divide
