"""The border to code that is not ours and may fail in any way: a family's, above all."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from snas_cli import errors
from snas_cli.errors import CandidateError, RecipeError, RunError, SnasError

Result = TypeVar("Result")
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # no candidate's fault


@dataclass(frozen=True)
class Failure:
    reason: str
    details: str = ""  # the traceback, of an error that nobody meant


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
    except Exception as error:
        if isinstance(error, OSError) and error.errno in OF_THE_DISK:
            raise RunError(
                f"cannot write {error.filename or 'a file'}: {error.strerror}"
            ) from error
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return Failure(reason, traceback.format_exc())


def error_to_json(error: SnasError) -> dict[str, Any]:
    """What another process needs to raise the same error."""
    return {"kinds": [kind.__name__ for kind in type(error).__mro__], "message": str(error)}


def error_from_json(document: Mapping[str, Any]) -> SnasError:
    """The error again. One of a kind that a plugin made becomes the nearest of ours."""
    ours = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    known = {kind.__name__: kind for kind in ours if issubclass(kind, SnasError)}
    kind = next(known[name] for name in document["kinds"] if name in known)
    message: str = document["message"]
    return RecipeError(message.splitlines()) if kind is RecipeError else kind(message)
