"""Checkpoints: whole or an error, and never code."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from snas_cli.errors import CheckpointError
from snas_cli.runs.checkpoint import (
    Checkpoint,
    load_checkpoint,
    numbered_checkpoints,
    save_checkpoint,
    sound_checkpoint,
)
from snas_cli.runs.weights import load_weights, save_weights

FIRST_RUN = Path(__file__).parent / "data" / "format-1"  # as the first version wrote it


def checkpoint(generation: int) -> Checkpoint:
    return Checkpoint(generation, seed=0, data_digest="d", trials=[{"number": 0, "fitness": 0.5}])


def test_comes_back_as_it_was(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, checkpoint(1), keep=3)
    assert load_checkpoint(tmp_path / "ckpt.pkl") == checkpoint(1)


def test_keeps_the_last_ones_by_number(tmp_path: Path) -> None:
    """The tenth is newer than the ninth, though its name sorts before it in places."""
    for generation in (8, 9, 10, 11, 9999, 10000):
        save_checkpoint(tmp_path, checkpoint(generation), keep=2)
    assert [path.name for path in numbered_checkpoints(tmp_path)] == [
        "ckpt-gen9999.pkl", "ckpt-gen10000.pkl",
    ]  # fmt: skip
    assert load_checkpoint(tmp_path / "ckpt.pkl").generation == 10000


@pytest.mark.parametrize("length", [0, 1, 100, 500])
def test_a_truncated_file_is_an_error(tmp_path: Path, length: int) -> None:
    save_checkpoint(tmp_path, checkpoint(1), keep=1)
    path = tmp_path / "ckpt.pkl"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CheckpointError, match="damaged or not a checkpoint"):
        load_checkpoint(path)


class Malicious:
    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.proof),)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    path = tmp_path / "ckpt.pkl"
    path.write_bytes(pickle.dumps(Malicious(proof)))
    with pytest.raises(CheckpointError):
        load_checkpoint(path)
    torch.save({"format": 1, "trials": Malicious(proof)}, path)
    with pytest.raises(CheckpointError, match="more than plain data"):
        load_checkpoint(path)
    assert not proof.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "not a checkpoint of snas"),
        ({"format": 99}, "format 99; this version of snas reads 1 to 2"),
        ({"format": 1, "generation": 1}, "not a checkpoint of snas"),
        ({"format": 1, "generation": "1", "seed": 0, "data_digest": "", "trials": []}, "not a"),
    ],
)
def test_other_content_is_refused(tmp_path: Path, content: object, message: str) -> None:
    path = tmp_path / "ckpt.pkl"
    torch.save(content, path)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path)


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_weights(path, {"w": torch.ones(2, 3)}, "abc")
    assert load_weights(path, "abc")["w"].tolist() == [[1, 1, 1], [1, 1, 1]]
    with pytest.raises(CheckpointError, match=r"another architecture \(abc\)"):
        load_weights(path, "def")
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(CheckpointError, match="damaged"):
        load_weights(path, "abc")
    with pytest.raises(CheckpointError, match="no weights"):
        load_weights(tmp_path / "missing", "abc")


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, checkpoint(1), keep=1)
    path = tmp_path / "ckpt.pkl"
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        with pytest.raises(CheckpointError, match=r"ckpt\.pkl"):
            load_checkpoint(path)


def test_the_newest_sound_one_stands_in_for_a_damaged_one(tmp_path: Path) -> None:
    for generation in (1, 2):
        save_checkpoint(tmp_path, checkpoint(generation), keep=3)
    latest = tmp_path / "ckpt.pkl"
    assert sound_checkpoint(latest) == (checkpoint(2), None)
    latest.write_bytes(latest.read_bytes()[:-9])
    found, remark = sound_checkpoint(latest)
    assert found == checkpoint(2)
    assert "ckpt-gen0002.pkl is used in its place" in str(remark)
    latest.unlink()
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        sound_checkpoint(latest)


def test_what_would_be_larger_when_unpacked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ckpt.pkl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10_000_000))
    with pytest.raises(CheckpointError, match="larger when unpacked"):
        load_checkpoint(path)


def test_the_first_format_is_still_read() -> None:
    first = load_checkpoint(FIRST_RUN / "ckpt.pkl")
    assert first.generation == 3
    assert [trial["number"] for trial in first.trials] == list(range(10))
