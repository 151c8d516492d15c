"""Public data sets, which torchvision fetches and unpacks; and what to say where it cannot."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from http.client import HTTPException
from pathlib import Path
from typing import Any, ClassVar

from snas_cli.api import DataError, Dataset

UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}


class PublicSet(Dataset):
    """One that lies in a folder of its own name in the folder for downloads."""

    mirrored = False  # most are of letters, digits and signs
    loader: ClassVar[str]  # its class in torchvision.datasets
    files: ClassVar[str]  # what the folder has to hold, for whoever fills it by hand
    source: ClassVar[str]  # where the files can be had

    def fetched(self, folder: Path, **options: Any) -> Any:
        """torchvision's data set, which has downloaded and unpacked what was not in `folder`.
        Raises DataError."""
        from torchvision import datasets

        try:
            with _quiet():
                return getattr(datasets, self.loader)(str(folder), download=True, **options)
        except FileNotFoundError as error:  # where torchvision took a folder for the whole set
            raise self.incomplete(folder, f"there is no {error.filename}") from None
        except (OSError, RuntimeError, HTTPException) as error:
            raise DataError(self._why(folder, error)) from None

    def _why(self, folder: Path, error: Exception) -> str:
        elsewhere = "name another folder with --data-dir or SNAS_DATA"
        number = error.errno if isinstance(error, OSError) else None
        if number in UNWRITABLE:
            where, why = getattr(error, "filename", None) or folder, os.strerror(number)
            return (
                f"{self.name} is to be unpacked into {folder}, and cannot ({where}: {why}); "
                f"free some space and make it writable, or {elsewhere}"
            )
        reason = " ".join(str(error).split())
        return (
            f"{self.name} is not in {folder}, or is damaged there, and cannot be downloaded "
            f"({reason}); without a network, put {self.files} there, which {self.source} has, or "
            f"{elsewhere}"
        )

    def incomplete(self, where: Path, what: str) -> DataError:
        """About files that are not as they should be, of which `where` is made again if it is
        gone."""
        return DataError(
            f"{self.name} in {where} is not whole: {what}; take {where} away, and it is unpacked "
            f"or downloaded again ({self.source} has {self.files})"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """torchvision shows how far it is on a terminal, or nowhere, and prints nothing on stdout. What
    numpy warns of, in files from 2009, is not for the user to mend."""
    with Path(os.devnull).open("w") as nowhere, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        progress = sys.stderr if sys.stderr.isatty() else nowhere
        with redirect_stdout(progress), redirect_stderr(progress):
            yield
