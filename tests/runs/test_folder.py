"""A run's folder from a stranger: nothing in it leads elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from snas_cli.errors import RunError
from snas_cli.runs.folder import RunFolder, all_runs, latest_run, open_run
from tests.cli.snas import snas

FIRST_RUN = Path(__file__).parent / "data" / "format-1"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIRST_RUN, tmp_path / "runs" / "run"))


def link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def link_inside(path: Path, outside: Path) -> None:
    path.symlink_to(path.parent / "data.json")


def pipe(path: Path, outside: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [link, link_inside, pipe])
@pytest.mark.parametrize("name", ["run.pid", ".report.html.partial", "best/x", "weights"])
def test_what_leads_elsewhere_is_refused(
    run: Path, tmp_path: Path, name: str, make: Callable[[Path, Path], None]
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    make(run / name, outside)
    for opened in (lambda: open_run(run), lambda: open_run(run / "ckpt.pkl"),
                   lambda: latest_run(run.parent)):  # fmt: skip
        with pytest.raises(RunError, match=f"{name} is neither a file nor a folder"):
            opened()
    with pytest.raises(RunError, match="neither a file nor a folder"), RunFolder(run).claim():
        pass
    assert outside.read_text() == "precious"


@pytest.mark.parametrize(
    "command", ["resume", "report", "export", "evaluate", "runs show", "bench-export"]
)
def test_no_command_writes_through_a_link(run: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "outside").mkdir()
    for name in ("export", "evaluation", "logs", "weights"):
        (run / name).symlink_to(tmp_path / "outside")
    said = snas(*command.split(), run, cwd=tmp_path, code=1)
    assert "neither a file nor a folder" in said.stderr
    assert len(said.stderr.splitlines()) == 1
    assert not list((tmp_path / "outside").iterdir())


def test_a_run_with_a_pipe_is_listed_as_damaged(run: Path, tmp_path: Path) -> None:
    (run / "journal.jsonl").unlink()
    os.mkfifo(run / "journal.jsonl")
    assert "damaged" in snas("runs", cwd=tmp_path).stdout


def test_a_run_may_itself_lie_elsewhere(run: Path, tmp_path: Path) -> None:
    """On a larger disk, say."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "run").symlink_to(run)
    assert [each.path.name for each in all_runs(tmp_path / "more")] == ["run"]
    assert open_run(tmp_path / "more" / "run").metrics()["family"] == "mlp"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_what_may_not_be_looked_at_does_not_hide_the_others(run: Path) -> None:
    secret = run.with_name("secret")
    shutil.copytree(run, secret)
    secret.chmod(0)
    try:
        assert [each.path.name for each in all_runs(run.parent)] == ["run"]
    finally:
        secret.chmod(0o700)
