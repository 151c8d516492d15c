"""Keeps what libraries say while they convert from the terminal: what fails is raised as well."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path


@contextmanager
def quiet() -> Iterator[None]:
    """Without warnings and logs."""
    threshold = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(threshold)


@contextmanager
def silent() -> Iterator[None]:
    """Without warnings, logs, and what is written to the two standard streams, which code in C++
    does on its own or through Python's."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    kept = {number: os.dup(number) for number in (1, 2)}
    try:
        with (
            Path(os.devnull).open("w", encoding="utf-8") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
            quiet(),
        ):
            for number in kept:
                os.dup2(nowhere.fileno(), number)
            yield
    finally:
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)
