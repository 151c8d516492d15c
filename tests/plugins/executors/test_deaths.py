"""Workers that die, hang or are abandoned: nobody else's job suffers, and none of them stays."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest
from snas_plugins.executors._process import WorkerProcess
from snas_plugins.executors.local import LocalExecutor

from snas_cli.api import Executor, JobResult, SearchError
from tests.plugins.executors.conftest import Open, answers, children, jobs, run

TORTURE = pytest.mark.skipif("SNAS_TORTURE" not in os.environ, reason="long: SNAS_TORTURE=1")
KILLED = "the worker was killed (SIGKILL); out of memory?"


@pytest.fixture
def pair(open_executor: Open) -> Executor:
    return open_executor(LocalExecutor, {"workers": 2})


def workers_of(executor: Any) -> list[WorkerProcess]:
    return list(executor._supervisor._workers.values())


# --- a worker dies --------------------------------------------------------------------------------


def test_a_job_has_a_second_chance(pair: Executor, tmp_path: Path) -> None:
    dies = {"do": "die", "once": str(tmp_path / "died")}
    results = run(pair, {}, dies, {}, {})
    assert answers(results) == [0, "at last", 2, 3]
    assert [result.retries for result in results] == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("errand", "reason"),
    [
        ({"do": "die"}, KILLED),
        ({"do": "die", "signal": "SIGTERM"}, "the worker was killed (SIGTERM)"),
        ({"do": "die", "signal": "SIGRTMAX"}, "the worker was killed (SIGRTMAX)"),
        ({"do": "leave"}, "the worker left with exit code 3: there is no paper left"),
        ({"do": "segfault"}, "the worker was killed (SIGSEGV): Segmentation fault File "),
    ],
    ids=str,
)
def test_but_no_third(pair: Executor, errand: dict[str, Any], reason: str) -> None:
    results = run(pair, {}, errand, {})
    assert answers(results)[::2] == [0, 2]
    assert (results[1].reason or "").startswith(reason)
    assert [result.retries for result in results] == [0, 1, 0]


def test_a_worker_killed_between_jobs_costs_nothing(pair: Executor) -> None:
    run(pair, {}, {}, {}, {})
    for worker in workers_of(pair):
        worker.process.kill()
        worker.process.wait()
    results = run(pair, {}, {}, {})
    assert answers(results) == [0, 1, 2]
    assert {result.retries for result in results} == {0}


@pytest.mark.parametrize("kills", [8, pytest.param(50, marks=TORTURE)])
def test_random_workers_are_killed(open_executor: Open, kills: int, tmp_path: Path) -> None:
    """Whoever runs at random moments, each of them in a job or just done with it."""
    executor, rng = open_executor(LocalExecutor, {"workers": 3}), Random(kills)
    attempts = tmp_path / "attempts"
    errands: list[dict[str, Any]] = [
        {"do": "count", "upto": rng.randrange(1_000_000), "tell": str(attempts)}
        for _ in range(2 * kills)
    ]
    killed: Counter[int] = Counter()
    results = []
    for result in executor.run(jobs(*errands)):
        results.append(result)
        working = [w for w in workers_of(executor) if w.busy and w.process.returncode is None]
        if killed.total() < kills and working:
            victim = rng.choice(working)
            assert victim.assignment is not None
            killed[victim.assignment.job.number] += 1
            victim.process.kill()
            victim.process.wait()
    assert killed.total() == kills
    assert sorted(result.number for result in results) == list(range(len(errands)))
    tried = Counter(int(line.split()[1]) for line in attempts.read_text().splitlines())
    for result in results:
        upto = errands[result.number]["upto"]
        right = {"answer": sum(range(upto)) + result.number}
        often = killed[result.number]
        assert result.value == right or (often == 2 and result.reason == KILLED)
        assert tried[result.number] <= 1 + often  # what is done is not done again
        assert result.retries <= often
    assert any(result.retries for result in results)


def test_a_worker_whose_child_holds_its_pipe(pair: Executor, tmp_path: Path) -> None:
    note = tmp_path / "child"
    holds = {"do": "hold", "child": str(note), "once": str(tmp_path / "held")}
    try:
        assert answers(run(pair, holds, {})) == ["at last", 1]
    finally:
        os.kill(int(note.read_text()), signal.SIGKILL)


# --- a worker cannot start ------------------------------------------------------------------------


def test_workers_killed_before_they_are_ready(open_executor: Open) -> None:
    executor = open_executor(LocalExecutor, {"workers": 1}, {"do": "die"})
    with pytest.raises(SearchError) as caught:
        run(executor, {}, {})
    assert str(caught.value) == f"a worker could not start: {KILLED}"


def test_a_worker_that_leaves_before_it_is_ready(open_executor: Open) -> None:
    executor = open_executor(LocalExecutor, {}, {"do": "leave"})
    with pytest.raises(SearchError, match="start: the worker left with exit code 3: there is no"):
        run(executor, {}, {})


# --- a worker takes too long ----------------------------------------------------------------------


@pytest.mark.parametrize("errand", ["hang", "spin", "hog"])
def test_a_time_limit(pair: Executor, errand: str) -> None:
    endless = {"do": errand, "time_limit": 0.25}
    results = run(pair, {}, endless, {}, {"time_limit": 60}, {})
    assert answers(results) == [0, "took longer than 0.25 s", 2, 3, 4]
    assert results[1].seconds >= 0.25
    assert results[1].retries == 0


# --- nobody wants them any more -------------------------------------------------------------------


def test_to_stop_iterating_cancels(pair: Executor) -> None:
    before = children()
    results = pair.run(jobs({"weight": 2}, {"do": "hang"}, {"do": "hang"}, {"do": "hang"}))
    assert next(results).number == 0
    working = {worker.process.pid for worker in workers_of(pair) if worker.assignment}
    results.close()  # type: ignore[attr-defined]
    assert working
    assert not working & children()
    assert answers(run(pair, {}, {})) == [0, 1]
    pair.close()
    assert children() <= before


def test_closing_ends_workers_in_the_middle_of_a_job(open_executor: Open) -> None:
    before = children()
    executor = open_executor(LocalExecutor, {"workers": 2})
    results = executor.run(jobs({"weight": 2}, {"do": "hog"}, {"do": "spin"}))
    next(results)
    executor.close()
    assert children() <= before


def test_a_worker_outlives_the_thread_that_started_it(pair: Executor) -> None:
    first: list[JobResult] = []
    thread = Thread(target=lambda: first.extend(pair.run(jobs({}))))
    thread.start()
    thread.join()
    (second,) = run(pair, {})
    assert first[0].value == second.value  # the same process
    assert second.retries == 0


def test_ctrl_c_is_not_for_workers(pair: Executor) -> None:
    results = run(pair, {"do": "die", "signal": "SIGINT"})
    assert answers(results) == ["alive"]
    assert results[0].retries == 0


DRIVER = """
import sys
sys.path.insert(0, sys.argv[1])
from snas_cli.api import Job, WorkerSetup
from snas_plugins.executors.local import LocalExecutor

errands = ("answer", "hang", "spin", "hog")
jobs = [Job(n, {"do": do, "tell": sys.argv[2]}) for n, do in enumerate(errands)]
with LocalExecutor({"workers": 4}).open(WorkerSetup("errands:make", {})) as executor:
    for _ in executor.run(jobs):
        pass
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="watches processes as Linux can")
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_its_driver(tmp_path: Path, ending: signal.Signals) -> None:
    """Not an idle one, nor one that lets no other thread have its turn. Ctrl-C reaches all."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    command = [sys.executable, "-c", DRIVER, str(Path(__file__).parent), str(fifo)]
    told = os.open(fifo, os.O_RDWR)
    driver = subprocess.Popen(
        command, env={**os.environ, "TMPDIR": str(tmp_path)}, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        watched = [os.pidfd_open(pid) for pid in _four_pids(told)]
        if ending == signal.SIGINT:
            os.killpg(driver.pid, ending)
        else:
            driver.send_signal(ending)
        _, complaints = driver.communicate(timeout=30)
    finally:
        driver.kill()  # where it is still there; its workers then leave by themselves
    assert driver.returncode == -ending
    assert complaints.count(b"Traceback") == (ending == signal.SIGINT)
    for worker in watched:
        assert select.select([worker], [], [], 30)[0], "a worker is still there"
        os.close(worker)
    os.close(told)


def _four_pids(told: int) -> set[int]:
    """Of those at work, as they tell it."""
    text = b""
    while text.count(b"\n") < 4:
        assert select.select([told], [], [], 60)[0], "the workers do not start"
        text += os.read(told, 4096)
    return {int(line.split()[0]) for line in text.splitlines()}
