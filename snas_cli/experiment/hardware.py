"""The machine that a run ran on, for those who want to repeat it."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import torch

CPUS = Path("/proc/cpuinfo")


def machine_in_words(device: torch.device) -> str:
    """2 cores of an AMD EPYC, 8.3 GB of memory, Linux 6.1; with the GPU that it trains on."""
    parts = [f"{_cores()} cores of {_processor()}"]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        parts.append(f"{memory / 1e9:.1f} GB of memory")
    if device.type == "cuda":
        parts.append(torch.cuda.get_device_name(device))
    return ", ".join([*parts, f"{platform.system()} {platform.release()}"])


def _cores() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    """As Linux names it; elsewhere its kind, such as arm64."""
    if CPUS.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", CPUS.read_text(), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()
