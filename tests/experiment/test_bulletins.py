"""Workers tell of each epoch, and take down what they told when they are done."""

from __future__ import annotations

from pathlib import Path

import pytest

from snas_cli.experiment import training_jobs
from snas_cli.experiment.bulletins import Bulletin, board_of, bulletins, post
from snas_cli.registry import Registry
from snas_cli.runs.folder import RunFolder
from tests.experiment import tiny


def test_every_epoch_is_told(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Bulletin] = []

    def also(board: Path, bulletin: Bulletin) -> None:
        post(board, bulletin)
        told.extend(bulletins(RunFolder(board.parent.parent)))

    monkeypatch.setattr(training_jobs, "post", also)
    folder = tiny.search(registry, tmp_path).folder
    epochs = {(each.final, each.epoch, each.epochs) for each in told}
    assert epochs == {(False, 1, 1), (True, 1, 2), (True, 2, 2)}
    assert {each.fingerprint for each in told} == {
        event["fingerprint"] for event in folder.events("trial")
    }
    assert list(bulletins(folder)) == []


def test_bulletins_are_in_order_and_in_words(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    (tmp_path / "logs").mkdir()
    for worker in (10, 9):
        post(board_of(folder, worker), Bulletin(worker, "cnn", "f", True, 2, 30))
    assert [each.in_words() for each in bulletins(folder)] == [
        "worker 9: cnn, trained again, epoch 2 of 30",
        "worker 10: cnn, trained again, epoch 2 of 30",
    ]


def test_a_disk_that_is_full_ends_no_training(tmp_path: Path) -> None:
    post(tmp_path / "gone" / "worker-0.json", Bulletin(0, "cnn", "f", False, 1, 2))
