"""Searches from start to end, stopped at any moment, and gone on with."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from snas_cli.api import Trial
from snas_cli.errors import CheckpointError, DataError, RunError, SearchError
from snas_cli.experiment.running import resume, start
from snas_cli.registry import Registry
from snas_cli.runs.checkpoint import load_checkpoint, numbered_checkpoints
from snas_cli.runs.folder import RunFolder
from snas_cli.runs.journal import trial_to_json
from snas_cli.search.listener import Listener, Plan
from tests.data.photos import colours
from tests.experiment import tiny

FIRST_RUN = Path(__file__).parents[1] / "runs" / "data" / "format-1"


class Crash(BaseException):
    """Stands for the end of the process; nothing catches it."""


@pytest.fixture(scope="module")
def whole(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A search that nobody interrupted."""
    return tiny.search(registry, tmp_path_factory.mktemp("whole")).folder


def test_leaves_what_the_design_names(whole: RunFolder) -> None:
    names = {path.name for path in whole.path.iterdir()}
    assert {"recipe.yaml", "journal.jsonl", "ckpt.pkl", "weights", "best", "data.json"} <= names
    assert {p.name for p in whole.best.iterdir()} == {
        "architecture.json", "layers.json", "metrics.json", "model.safetensors",
    }  # fmt: skip
    assert [p.name for p in numbered_checkpoints(whole.path)] == [
        "ckpt-gen0001.pkl", "ckpt-gen0002.pkl", "ckpt-gen0003.pkl",
    ]  # fmt: skip
    assert not list(whole.path.rglob("*.partial"))


def test_the_test_pictures_are_used_once_for_the_winner(whole: RunFolder) -> None:
    journal = whole.journal.read_text()
    assert journal.count("test_acc") == 1
    metrics = json.loads((whole.best / "metrics.json").read_text())
    assert metrics["stage"] == "final"
    assert metrics == whole.finished()


def test_zero_cost_scores_are_noted_for_the_strategy_that_learns_from_them(
    registry: Registry, whole: RunFolder, tmp_path: Path
) -> None:
    noted = [set(event["proxies"]) for event in whole.events("trial")]
    assert noted == [{"params", "flops", "zen", "naswot"}] * len(noted)
    changes = {"generations": 1, "strategy": "random", "progressive": False}
    other = start(tiny.recipe(registry, tmp_path, search=changes), registry, Listener()).folder
    assert [event["proxies"] for event in other.events("trial")] == [{}] * 4


def test_same_seed_same_files(registry: Registry, whole: RunFolder, tmp_path: Path) -> None:
    again = tiny.search(registry, tmp_path).folder
    assert tiny.results(again) == tiny.results(whole)


@pytest.mark.parametrize("stop_after", [0, 1, 3, 4, 6, 9])
def test_interrupted_and_resumed_is_as_if_it_never_was(
    registry: Registry, whole: RunFolder, tmp_path: Path, stop_after: int
) -> None:
    class Impatient(Listener):
        def trial_finished(self, trial: Trial) -> None:
            if trial.number == stop_after:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiny.search(registry, tmp_path, Impatient())
    folder = RunFolder(tmp_path / "run")
    assert len(list(folder.events("trial"))) == stop_after + 1
    assert folder.metrics()["stage"] == "search"  # the best so far is ready for use
    resume(folder.path, registry, Listener())
    assert tiny.results(folder) == tiny.results(whole)


def test_dying_at_any_write_loses_nothing(
    registry: Registry, whole: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ends the process at the moments around which a file reaches the disk: a seeded sample of all
    there are in a search."""
    writes = _count_syncs(monkeypatch, lambda: tiny.search(registry, tmp_path / "count"))
    for at in random.Random(0).sample(range(writes), 12):
        parent = tmp_path / str(at)
        with monkeypatch.context() as patch:
            _crash_at_sync(patch, at)
            with pytest.raises(Crash):
                tiny.search(registry, parent)
        folder = RunFolder(parent / "run")
        if not folder.recipe.exists():
            continue  # died before there was a run
        resume(folder.path, registry, Listener())
        assert tiny.results(folder) == tiny.results(whole), f"died at write {at}"


def _count_syncs(monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]) -> int:
    count = 0
    real = os.fsync

    def counting(descriptor: int) -> None:
        nonlocal count
        count += 1
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", counting)
        run()
    return count


def _crash_at_sync(patch: pytest.MonkeyPatch, at: int) -> None:
    count = 0

    def crashing(_descriptor: int) -> None:
        nonlocal count
        count += 1
        if count > at:
            raise Crash

    patch.setattr(os, "fsync", crashing)


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_resumes_from_any_checkpoint_without_the_journal(
    registry: Registry, whole: RunFolder, tmp_path: Path, generation: int
) -> None:
    folder = tiny.search(registry, tmp_path).folder
    folder.journal.unlink()
    resume(folder.path / f"ckpt-gen{generation:04}.pkl", registry, Listener())
    assert tiny.results(folder) == tiny.results(whole)


class Remarks(Listener):
    def __init__(self) -> None:
        self.all: list[str] = []

    def notice(self, what: str) -> None:
        self.all.append(what)


def without_curves(folder: RunFolder) -> dict[str, object]:
    """Those of trials that a checkpoint brings back are lost."""
    return {name: found for name, found in tiny.results(folder).items() if name != "curves"}


@pytest.mark.parametrize("damaged", [(4,), (1, 2, 3), (10, 11), (-1,), (-3, -2)], ids=str)
@pytest.mark.parametrize("checkpoint", ["sound", "damaged", "none"])
def test_a_damaged_journal_is_mended_with_a_warning(
    registry: Registry, whole: RunFolder, tmp_path: Path, damaged: Sequence[int], checkpoint: str
) -> None:
    """What its lines held comes from the checkpoint, or is done again."""
    path = shutil.copytree(whole.path, tmp_path / "run")
    folder = RunFolder(path)
    lines = folder.journal.read_text().splitlines(keepends=True)
    for line in damaged:
        lines[line] = "no event\n"
    folder.journal.write_text("".join(lines))
    for file in path.glob("ckpt*.pkl"):
        if checkpoint == "none":
            file.unlink()
        elif checkpoint == "damaged":
            file.write_bytes(b"?" + file.read_bytes()[1:])
    remarks = Remarks()
    resume(path, registry, remarks)
    assert without_curves(folder) == without_curves(whole)
    assert f"line {damaged[0] % len(lines) + 1}, damaged" in remarks.all[0]
    assert remarks.all[0].endswith("it is kept as journal.damaged.jsonl")
    assert any("fails its checksum" in remark for remark in remarks.all) == (
        checkpoint == "damaged"
    )
    assert (path / "journal.damaged.jsonl").read_text() == "".join(lines)


def test_a_finished_run_is_not_run_again(registry: Registry, whole: RunFolder) -> None:
    before = whole.journal.read_bytes()
    assert resume(whole.path, registry, Listener()).best == whole.finished()
    assert whole.journal.read_bytes() == before


def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    registry: Registry, whole: RunFolder, tmp_path: Path
) -> None:
    path = shutil.copytree(whole.path, tmp_path / "run")
    (path / "journal.jsonl").unlink()
    for name in ("ckpt.pkl", "ckpt-gen0003.pkl"):
        content = bytearray((path / name).read_bytes())
        content[len(content) // 2] ^= 0xFF
        (path / name).write_bytes(content)
    remarks = Remarks()
    resume(path / "ckpt.pkl", registry, remarks)
    assert remarks.all[0].startswith(f"{path}/ckpt.pkl is damaged")
    assert remarks.all[0].endswith("ckpt-gen0002.pkl is used in its place")
    assert tiny.results(RunFolder(path)) == tiny.results(whole)


def test_where_no_checkpoint_is_sound_there_is_an_error_and_no_new_search(
    registry: Registry, whole: RunFolder, tmp_path: Path
) -> None:
    path = shutil.copytree(whole.path, tmp_path / "run")
    for file in path.glob("ckpt*.pkl"):
        file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"ckpt\.pkl"):
        resume(path / "ckpt.pkl", registry, Listener())


def test_other_pictures_are_refused(registry: Registry, tmp_path: Path) -> None:
    folder = tiny.search(registry, tmp_path).folder
    (folder.path / "data.json").write_text('{"digest": "of other pictures"}')
    with pytest.raises(RunError, match="pictures are not those"):
        resume(folder.path, registry, Listener())


def test_a_second_process_on_the_same_run_is_refused(registry: Registry, tmp_path: Path) -> None:
    refusals = []

    class Second(Listener):
        def search_started(self, plan: Plan, recorded: Sequence[Trial]) -> None:
            with pytest.raises(RunError, match=f"in use by process {os.getpid()}") as caught:
                resume(plan.folder, registry, Listener())
            refusals.append(caught)

    tiny.search(registry, tmp_path, Second())
    assert len(refusals) == 1


def test_an_existing_name_is_refused_and_says_how_to_go_on(
    registry: Registry, whole: RunFolder
) -> None:
    with pytest.raises(RunError, match="snas resume"):
        tiny.search(registry, whole.path.parent)


def test_limits_that_nothing_meets(registry: Registry, tmp_path: Path) -> None:
    recipe = tiny.recipe(registry, tmp_path, limits={"max_params": 10})
    from snas_cli.experiment.running import start

    with pytest.raises(SearchError, match="within the limits"):
        start(recipe, registry, Listener())


def test_a_run_in_which_all_fail_says_why_and_has_a_report(
    registry: Registry, tmp_path: Path
) -> None:
    recipe = tiny.recipe(registry, tmp_path, training={"time_limit": 1e-6})
    with pytest.raises(SearchError, match="all of the first 4 candidates failed, 4 of"):
        start(recipe, registry, Listener())
    assert "time limit" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_limits_hold_for_every_trial(registry: Registry, whole: RunFolder) -> None:
    assert all(event["metrics"]["params"] <= 100_000 for event in whole.events("trial"))


def test_a_data_set_that_cannot_be_read_leaves_no_run(registry: Registry, tmp_path: Path) -> None:
    from snas_cli.experiment.running import start

    recipe = tiny.recipe(
        registry, tmp_path, data={"dataset": "folder", "path": str(tmp_path / "x")}
    )
    with pytest.raises(DataError):
        start(recipe, registry, Listener())
    assert not (tmp_path / "run").exists()


def test_checkpoints_hold_the_trials(whole: RunFolder) -> None:
    second = load_checkpoint(whole.path / "ckpt-gen0002.pkl")
    assert [trial["number"] for trial in second.trials] == list(range(7))
    assert second.generation == 2


def test_a_full_disk_ends_with_a_message_and_loses_nothing(
    registry: Registry, whole: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def filling_up(path: Path, content: bytes) -> int:
        written.append(path)
        if len(written) == 9:
            raise OSError(errno.ENOSPC, "No space left on device")
        with path.open("wb") as file:
            return file.write(content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", filling_up)
        with pytest.raises(RunError, match=r"cannot write .*: No space left on device"):
            tiny.search(registry, tmp_path)
    folder = RunFolder(tmp_path / "run")
    assert not list(folder.path.rglob("*.partial"))
    resume(folder.path, registry, Listener())
    assert tiny.results(folder) == tiny.results(whole)


def test_pictures_that_are_read_anew_each_time_give_the_same(
    registry: Registry, tmp_path: Path
) -> None:
    """As a search on pictures that were decoded once."""
    photos = str(colours(tmp_path / "photos"))
    training, search = {"batch_size": 8}, {"generations": 1, "population_size": 2}
    found = []
    for name, most in (("kept", 1_000_000), ("streamed", 1)):
        data = {"dataset": "folder", "path": photos, "max_cache_bytes": most}
        recipe = tiny.recipe(
            registry, tmp_path / name, data=data, training=training, search=search,
            limits={"max_params": None},
        )  # fmt: skip
        found.append(tiny.results(start(recipe, registry, Listener()).folder))
    assert found[0] == found[1]


def test_a_budget_does_not_read_the_journal_after_each_trial(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    real = RunFolder.events

    def counting(folder: RunFolder, kind: str) -> Iterator[dict[str, Any]]:
        asked[kind] += 1
        return real(folder, kind)

    monkeypatch.setattr(RunFolder, "events", counting)
    limited = tiny.recipe(registry, tmp_path, search={"budget": "1h", "generations": 3})
    start(limited, registry, Listener())
    assert asked["finalist"] == 1


def test_a_run_of_the_first_format_goes_on(registry: Registry, tmp_path: Path) -> None:
    """By its checkpoint alone: trials are taken over, and the end is as this version writes it."""
    run = Path(shutil.copytree(FIRST_RUN, tmp_path / "run"))
    (run / "journal.jsonl").unlink()
    before = load_checkpoint(run / "ckpt.pkl").trials
    outcome = resume(run / "ckpt.pkl", registry, Listener())
    after = [trial_to_json(trial) for trial in outcome.trials]
    assert [trial["fingerprint"] for trial in after] == [trial["fingerprint"] for trial in before]
    assert [trial["fitness"] for trial in after] == [trial["fitness"] for trial in before]
    assert outcome.best["stage"] == "final"
    assert resume(run, registry, Listener()).best == outcome.best
