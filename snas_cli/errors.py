"""Every error that is the user's to mend, not ours: caught once, in `snas_cli.app`.

SnasError                 exit code 1
├── UsageError            exit code 2: the command line
│   └── RecipeError       exit code 2: all faults of a recipe at once
├── PluginError           a plugin is missing, broken, or clashes with another
├── SpaceError            a genome or a search space that cannot be
├── DataError             pictures, labels, data sets
├── CandidateError        one candidate failed; it ends that trial, not the search
├── SearchError           a search that cannot go on
├── RunError              a run directory
│   └── CheckpointError   a checkpoint, or any file of weights
└── ExportError           an export that failed or does not match its network
    └── NotRunHereError   an export that only another machine can run, and so was not checked
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SnasError(Exception):
    """Says what is wrong, where, and what to do about it."""

    exit_code = 1


class UsageError(SnasError):
    exit_code = 2


class RecipeError(UsageError):
    """A recipe that cannot be used; `faults` holds a line for each thing that is wrong."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class PluginError(SnasError):
    pass


class SpaceError(SnasError):
    pass


class DataError(SnasError):
    pass


class CandidateError(SnasError):
    pass


class SearchError(SnasError):
    pass


class RunError(SnasError):
    pass


class CheckpointError(RunError):
    pass


class ExportError(SnasError):
    pass


class NotRunHereError(ExportError):
    pass


def near_match(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the likely one, or all that are known."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names)}" if names else "none is known"
