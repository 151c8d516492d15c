"""How much memory several processes need for one data set: python -m tests.benchmarks.bench_memory

Each maps the decoded pictures and reads all of them. The proportional set size (Pss) shares out
every page among the processes that map it, so its sum counts each page once.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from snas_cli.api import DataRequest
from snas_cli.data.store import Decoded
from snas_cli.data.task_data import Kept, TaskData, prepare
from snas_cli.recipe.schema import DataSettings
from snas_cli.registry import Registry

WORKERS = 4


def load(name: str, cache: Path) -> TaskData:
    data_dir = Path(os.environ.get("SNAS_DATA", Path(__file__).parents[3] / "shared" / "data"))
    registry, request = Registry.installed(), DataRequest(None, data_dir)
    settings = DataSettings(dataset=name)
    return prepare(registry.dataset(name), request, settings, seed=0, kept=Kept(cache))


def decoded_bytes(data: TaskData) -> int:
    assert isinstance(data.train.store, Decoded)
    return data.train.store.images.numel()


def pss_bytes(of: str) -> int:
    """Of this process, in the mapping of a file."""
    total, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0] and not line.split()[0].endswith(":"):
            inside = of in line
        elif inside and line.startswith("Pss:"):
            total += 1024 * int(line.split()[1])
    return total


def work(name: str, cache: Path, start: mp.Barrier, results: mp.Queue) -> None:  # type: ignore[valid-type, type-arg]
    data = load(name, cache)
    for split in data.splits.values():
        for images, _ in split.in_order():
            images.float().sum()
    start.wait()  # type: ignore[attr-defined]
    results.put(pss_bytes(".npy"))  # type: ignore[attr-defined]
    start.wait()  # type: ignore[attr-defined]


def main(name: str) -> None:
    with TemporaryDirectory() as folder:
        cache = Path(folder)
        size = decoded_bytes(load(name, cache))
        context = mp.get_context("spawn")
        start, results = context.Barrier(WORKERS), context.Queue()
        processes = [
            context.Process(target=work, args=(name, cache, start, results)) for _ in range(WORKERS)
        ]
        for process in processes:
            process.start()
        shares = [results.get() for _ in processes]
        for process in processes:
            process.join()
    print(f"{name}: {size / 1e6:.1f} MB decoded; {WORKERS} workers hold {sum(shares) / 1e6:.1f} MB "
          f"of it together, {sum(shares) / size:.2f} copies")  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "fashion_mnist")
