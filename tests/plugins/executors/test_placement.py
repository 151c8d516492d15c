"""Which slots there are, and what workers in them start with. No GPU is needed, but by one test."""

from __future__ import annotations

import os
from typing import Any

import pytest
from snas_plugins.executors._placement import THREADS, environment_of, slots_of
from snas_plugins.executors.local import LocalExecutor

from snas_cli.api import SearchError, Slot
from tests.plugins.executors.conftest import Open, run

UUID = "GPU-8a56a4bc-e184-a047-2620-be19fdf913d5"


def test_a_slot_for_each_core_that_may_be_used() -> None:
    cores = len(os.sched_getaffinity(0))
    assert slots_of({}, {}) == [Slot(number) for number in range(cores)]
    assert LocalExecutor({}).capacity == cores
    assert slots_of({"workers": 3}, {}) == [Slot(0), Slot(1), Slot(2)]


@pytest.mark.parametrize(
    ("options", "visible", "gpus"),
    [
        ({"gpu_ids": [0]}, None, ["0"]),
        ({"gpu_ids": [2, 5], "workers_per_gpu": 2}, None, ["2", "5", "2", "5"]),
        ({"gpu_ids": [1, 0]}, "3, 7", ["7", "3"]),
        ({"gpu_ids": [1]}, f"0,{UUID}", [UUID]),
        ({"gpu_ids": [UUID], "workers_per_gpu": 2}, "0", [UUID, UUID]),
    ],
)
def test_slots_on_gpus(options: dict[str, Any], visible: str | None, gpus: list[str]) -> None:
    environment = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    slots = slots_of(options, environment)
    assert slots == [Slot(number, gpu) for number, gpu in enumerate(gpus)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "workers must be a whole number from 1 up, not 0"),
        ({"workers": True}, "not True"),
        ({"workers": "all"}, "not 'all'"),
        ({"workers_per_gpu": 2}, "needs gpu_ids"),
        ({"workers": 2, "gpu_ids": [0]}, "not both"),
        ({"gpu_ids": []}, r"such as \[0, 1\]"),
        ({"gpu_ids": 0}, "not 0"),
        ({"gpu_ids": [-1]}, r"not \[-1\]"),
        ({"gpu_ids": ["0"]}, r"not \['0'\]"),
        ({"gpu_ids": [0, 0]}, "use workers_per_gpu"),
        ({"gpu_ids": [2]}, "there is no GPU 2: CUDA_VISIBLE_DEVICES is '0,1'"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SearchError, match=message):
        slots_of(options, {"CUDA_VISIBLE_DEVICES": "0,1"})


def test_the_environment_of_a_worker() -> None:
    ours = {"HOME": "/home/me", "OMP_NUM_THREADS": "8", "CUDA_VISIBLE_DEVICES": "4,5"}
    threads = dict.fromkeys(THREADS, "1")
    assert environment_of(Slot(0), ours) == {**ours, **threads}
    assert environment_of(Slot(1, "5"), ours) == {**ours, **threads, "CUDA_VISIBLE_DEVICES": "5"}


def test_pretended_gpus_are_what_workers_see(open_executor: Open) -> None:
    executor = open_executor(LocalExecutor, {"gpu_ids": [4, 6], "workers_per_gpu": 2})
    assert executor.capacity == 4
    for result in run(executor, *[{"do": "look"}] * 8):
        assert result.value is not None
        environment = result.value["environment"]
        assert environment["CUDA_VISIBLE_DEVICES"] == ("4", "6", "4", "6")[result.worker]
        assert {environment[name] for name in THREADS} == {"1"}
        assert "torch" not in result.value["modules"]  # a worker has what its work needs


def test_torch_has_one_thread(open_executor: Open) -> None:
    executor = open_executor(LocalExecutor, {"workers": 1}, {"torch": True})
    (result,) = run(executor, {"do": "look"})
    assert result.value is not None
    assert result.value["threads"] == 1


@pytest.mark.gpu
def test_each_worker_has_its_own_gpu(open_executor: Open) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    gpus = list(range(torch.cuda.device_count()))
    names = [str(torch.cuda.get_device_properties(gpu).uuid) for gpu in gpus]
    executor = open_executor(LocalExecutor, {"gpu_ids": gpus, "workers_per_gpu": 2})
    for result in run(executor, *[{"do": "gpu"}] * (4 * len(gpus))):
        assert result.reason is None
        name = names[result.worker % len(gpus)]
        assert result.value == {"devices": 1, "name": name, "total": 3.0}
