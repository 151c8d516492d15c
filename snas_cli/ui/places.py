"""Where the page keeps what is not part of a run: in `.page` and `uploads`, beside the runs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from snas_cli.errors import RunError
from snas_cli.runs.folder import RunFolder, all_runs
from snas_cli.ui.errands import Errand

SEARCH = "search"  # the errand that searches, and resumes


@dataclass(frozen=True)
class Places:
    runs: Path  # absolute

    @property
    def uploads(self) -> Path:
        return self.runs / "uploads"

    def run(self, name: str) -> RunFolder:
        """That need not exist. Raises RunError for what is no name of a run."""
        if name in ("", ".", "..", self.uploads.name) or name != Path(name).name or name[0] == ".":
            raise RunError(f"{name!r} is no name of a run in {self.runs}")
        return RunFolder(self.runs / name)

    def beside(self, name: str) -> Path:
        """What the page keeps of a run: the recipe it was started by, and what was printed."""
        return self.runs / ".page" / self.run(name).path.name

    def errand(self, name: str, what: str) -> Errand:
        """Something that is done for a run: search, export, evaluate."""
        return Errand(self.beside(name) / f"{what}.txt")

    def check(self, *target: str) -> Path:
        """A folder for what `snas datasets` finds in a data set."""
        digest = blake2b("\n".join(target).encode("utf-8", "surrogateescape"), digest_size=8)
        return self.runs / ".page" / ".checks" / digest.hexdigest()

    def names(self) -> list[str]:
        """Of the runs, the one started last first; those without a folder yet before all."""
        known = [run.path.name for run in all_runs(self.runs)]
        started = (self.runs / ".page").glob(f"*/{SEARCH}.txt")
        starting = sorted(path.parent.name for path in started)
        return [*(name for name in starting if name not in known), *known]

    def uploaded(self) -> list[str]:
        """Names of what was uploaded before, the latest first."""
        if not self.uploads.is_dir():
            return []
        folders = [path for path in self.uploads.iterdir() if path.is_dir()]
        return [path.name for path in sorted(folders, key=lambda p: -p.stat().st_mtime_ns)]

    def free_upload(self, stem: str) -> Path:
        """A folder that is not there yet: `stem`, numbered where that is taken."""
        number, path = 2, self.uploads / stem
        while path.exists():
            path, number = self.uploads / f"{stem}-{number}", number + 1
        return path

    def free_name(self, stem: str) -> str:
        """`stem` with the next free number."""
        number = 1
        while self.taken(f"{stem}-{number:03}"):
            number += 1
        return f"{stem}-{number:03}"

    def taken(self, name: str) -> bool:
        return self.run(name).path.exists() or self.beside(name).exists()

    def delete(self, name: str) -> None:
        """The run and all that is kept of it. Raises RunError while anything is at work on it."""
        run = self.run(name)
        if run.running() or any(Errand(log).running() for log in self.beside(name).glob("*.txt")):
            raise RunError(f"{name} is at work; stop it first")
        if run.path.is_symlink():
            raise RunError(f"{run.path} is a link to another folder; delete that one yourself")
        try:
            for folder in (run.path, self.beside(name)):
                if folder.exists():
                    shutil.rmtree(folder)
        except OSError as error:
            raise RunError(f"cannot delete {error.filename}: {error.strerror}") from None
