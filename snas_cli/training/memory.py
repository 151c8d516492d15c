"""What is done where a training needs more memory than there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from snas_cli.errors import CandidateError
from snas_cli.recipe.schema import TrainingSettings

Result = TypeVar("Result")

SIGNS = (  # of a RuntimeError that is one of memory
    "not enough memory",
    "DefaultCPUAllocator",
    "CUBLAS_STATUS_ALLOC_FAILED",
)


def within_memory(
    attempt: Callable[[TrainingSettings], Result], settings: TrainingSettings
) -> Result:
    """What `attempt` returns: tried from the start again with half the batch, where memory is
    exhausted. Raises CandidateError where that is too much, too."""
    half = settings.batch_size // 2
    sizes = [settings.batch_size, half] if half >= 2 else [settings.batch_size]
    for size in sizes:
        try:
            return attempt(settings.model_copy(update={"batch_size": size}))
        except (MemoryError, RuntimeError) as error:
            if not _is_about_memory(error):
                raise
        # Not before the error is gone, which holds on to the tensors of the attempt.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    tried = " and with one of ".join(map(str, sizes))
    raise CandidateError(f"out of memory with a batch of {tried} pictures")


def _is_about_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(sign in str(error) for sign in SIGNS)
