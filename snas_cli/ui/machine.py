"""What this computer has to train with, and how busy it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

QUERY = "index,name,memory.used,memory.total,utilization.gpu"


@dataclass(frozen=True)
class Gpu:
    index: int
    name: str
    used_mib: float | None  # None, here and below, where the GPU does not say
    total_mib: float | None
    load: float | None  # 0 to 1

    def in_words(self) -> str:
        load = "" if self.load is None else f", {self.load:.0%} busy"
        memory = ""
        if self.used_mib is not None and self.total_mib is not None:
            memory = f", {self.used_mib / 1024:.1f} of {self.total_mib / 1024:.1f} GiB in use"
        return f"{self.index}: {self.name}{memory}{load}"


@dataclass(frozen=True)
class Machine:
    cores: int
    load: float  # processes that want a core, the mean of the last minute
    free_bytes: int | None  # of memory; None where the system does not say
    total_bytes: int | None
    gpus: Sequence[Gpu]

    def in_words(self) -> str:
        parts = [f"{self.cores} cores, {self.load:.1f} of them busy"]
        if self.free_bytes is not None and self.total_bytes is not None:
            free, total = self.free_bytes / 1e9, self.total_bytes / 1e9
            parts.append(f"{free:.1f} of {total:.1f} GB of memory free")
        return "; ".join(parts)


def look() -> Machine:
    memory = _memory(Path("/proc/meminfo"))
    return Machine(
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        load=os.getloadavg()[0],
        free_bytes=memory.get("MemAvailable"),
        total_bytes=memory.get("MemTotal"),
        gpus=gpus(),
    )


def _memory(path: Path) -> dict[str, int]:
    """Bytes by name; empty on systems that have no such file."""
    if not path.exists():
        return {}
    lines = (line.split() for line in path.read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if words[-1] == "kB"}


def gpus() -> list[Gpu]:
    """Those that nvidia-smi tells of; none where it is missing or has nothing to tell."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, f"--query-gpu={QUERY}", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return []
    return [_gpu(line) for line in said.stdout.splitlines() if line.count(",") >= 4]


def _gpu(line: str) -> Gpu:
    index, *name, used, total, load = (part.strip() for part in line.split(","))
    used_mib, total_mib, percent = map(_number, (used, total, load))
    busy = None if percent is None else percent / 100
    return Gpu(int(index), ", ".join(name), used_mib, total_mib, busy)


def _number(text: str) -> float | None:
    return float(text) if text.replace(".", "", 1).isdecimal() else None
