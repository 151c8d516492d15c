"""What all executors have in common, beyond what `check_executor` looks at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from snas_plugins.executors.inline import InlineExecutor
from snas_plugins.executors.local import LocalExecutor

from snas_cli import errors
from snas_cli.api import Executor, SearchError, SnasError, WorkerSetup, error_from_json
from snas_cli.api import error_to_json as to_json
from tests.plugins.executors.conftest import Open, answers, jobs, run

BOTH = [InlineExecutor, LocalExecutor]
OURS = [kind for kind in vars(errors).values() if isinstance(kind, type)]


@pytest.fixture(params=BOTH, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> type[Executor]:
    chosen: type[Executor] = request.param
    return chosen


def test_failures_are_told_apart(kind: type[Executor], open_executor: Open) -> None:
    errands = ("answer", "fail", "give_up", "odd", "answer")
    results = run(open_executor(kind, {}), *({"do": do} for do in errands))
    odd = "TypeError: Object of type object is not JSON serializable"
    assert answers(results) == [0, "ValueError: bad luck", "not a number", odd, 4]
    assert all(result.seconds >= 0 and result.retries == 0 for result in results)


def test_heavy_jobs_start_first(kind: type[Executor], open_executor: Open) -> None:
    """One after another in this process, the order makes no difference."""
    options = {} if kind is InlineExecutor else {"workers": 1}
    weights = ({"weight": weight} for weight in (1.0, 5.0, 3.0, 5.0))
    results = open_executor(kind, options).run(jobs(*weights))
    expected = [0, 1, 2, 3] if kind is InlineExecutor else [1, 3, 2, 0]
    assert [result.number for result in results] == expected


def test_an_error_of_the_search_is_passed_on(kind: type[Executor], open_executor: Open) -> None:
    executor = open_executor(kind, {})
    with pytest.raises(errors.DataError, match="enough"):
        run(executor, {"do": "stop", "error": "DataError"}, {}, {})
    assert answers(run(executor, {}, {})) == [0, 1]


def test_a_full_disk_is_no_fault_of_the_job(kind: type[Executor], open_executor: Open) -> None:
    executor = open_executor(kind, {})
    with pytest.raises(errors.RunError, match=r"^cannot write weights: No space left on device$"):
        run(executor, {"do": "fill"}, {}, {})


def _start_both(executor: Executor, fifo: Path) -> None:
    """Each of two jobs waits for the other."""
    results = run(executor, {"tell": str(fifo)}, {"do": "hear", "from": str(fifo)})
    assert {result.worker for result in results} == {0, 1}


def test_workers_are_at_work_at_once(open_executor: Open, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    _start_both(open_executor(LocalExecutor, {"workers": 2}), tmp_path / "fifo")


def test_what_is_done_is_not_lost_to_an_error(open_executor: Open, tmp_path: Path) -> None:
    """Both have happened when the next result is asked for."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    executor: Any = open_executor(LocalExecutor, {"workers": 2})
    _start_both(executor, fifo)
    stop = {"do": "stop", "error": "DataError", "tell": str(fifo)}
    results = executor.run(jobs({"weight": 3}, {**stop, "weight": 2}, {}))
    assert next(results).number == 0  # and its worker has the third
    fifo.read_text()  # for this the second has waited
    for worker in executor._supervisor._workers.values():
        assert worker.connection.poll(60)
    assert next(results).number == 2
    with pytest.raises(errors.DataError, match="enough"):
        next(results)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"do": "fail"}, "ValueError: bad luck"),
        ({"do": "give_up"}, "not a number"),
        ({"do": "stop", "error": "SearchError"}, "^enough$"),
    ],
)
def test_a_worker_that_cannot_be_made(
    kind: type[Executor], open_executor: Open, arguments: dict[str, str], message: str
) -> None:
    with pytest.raises(SearchError, match=message):
        run(open_executor(kind, {}, arguments), {}, {}, {})


def test_a_maker_that_is_not_there(kind: type[Executor]) -> None:
    executor = kind({})
    with (
        pytest.raises(SearchError, match="No module named 'nowhere'"),
        executor.open(WorkerSetup("nowhere:make", {})),
    ):
        run(executor, {})


def test_an_unknown_option(kind: type[Executor]) -> None:
    with pytest.raises(
        SearchError, match=f"the executor '{kind.name}' has no option 'wrokers'; it"
    ):
        kind({"wrokers": 2})


def test_much_text_in_any_language(kind: type[Executor], open_executor: Open) -> None:
    texts = ["größe \ud800 \0 東京", "x" * 5_000_000]
    results = run(open_executor(kind, {}), *({"do": "echo", "text": text} for text in texts))
    assert answers(results) == texts


@pytest.mark.parametrize("kind", [kind for kind in OURS if issubclass(kind, SnasError)])
def test_errors_cross_a_process_border(kind: type[SnasError]) -> None:
    error = kind(["one", "two"]) if kind is errors.RecipeError else kind("one\ntwo")
    again = error_from_json(to_json(error))
    assert (type(again), str(again), again.exit_code) == (kind, "one\ntwo", kind.exit_code)


def test_an_error_of_a_plugin_becomes_ours(open_executor: Open) -> None:
    with pytest.raises(errors.RunError, match="enough") as caught:
        run(open_executor(LocalExecutor, {}), {"do": "stop", "error": "OwnError"})
    assert type(caught.value) is errors.RunError


def test_what_workers_print_is_in_the_log(
    tmp_path: Path, open_executor: Open, capfd: pytest.CaptureFixture[str]
) -> None:
    executor = open_executor(LocalExecutor, {"workers": 1}, logs=tmp_path)
    run(executor, {"do": "say"}, {"do": "fail"})
    executor.close()
    assert capfd.readouterr() == ("", "")
    log = (tmp_path / "worker-0.log").read_text()
    assert log.startswith("hello from Python\nhello from C\na warning\nTraceback")
    assert log.endswith("ValueError: bad luck\nin two lines\n")


def test_tracebacks_are_in_the_log(
    kind: type[Executor], tmp_path: Path, open_executor: Open
) -> None:
    run(open_executor(kind, {}, logs=tmp_path), {"do": "fail"}, {"do": "give_up"})
    logs = "".join(log.read_text() for log in tmp_path.iterdir())
    assert logs.startswith("Traceback")
    assert logs.endswith("ValueError: bad luck\nin two lines\n")


def test_a_folder_for_logs_that_is_not_there(tmp_path: Path, open_executor: Open) -> None:
    with pytest.raises(SearchError, match=r"cannot be started.*No such file"):
        run(open_executor(LocalExecutor, {}, logs=tmp_path / "nowhere"), {})
