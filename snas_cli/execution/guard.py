"""The border to code that is not ours and may fail in any way: a family's, above all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from snas_cli.errors import CandidateError, SnasError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Failure:
    reason: str


def guarded(call: Callable[[], Result]) -> Result | Failure:
    """What `call` returns, or why it failed.

    This file and `registry` are the two places that catch everything: one candidate must not end a
    search. What is wrong with the run itself (a full disk, say) does.
    """
    try:
        return call()
    except CandidateError as error:
        return Failure(str(error))
    except SnasError:
        raise
    except Exception as error:  # noqa: BLE001
        return Failure(f"{type(error).__name__}: {error}".splitlines()[0])
