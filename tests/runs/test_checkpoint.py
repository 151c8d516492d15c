"""Checkpoints: whole or an error, and never code."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch

from snas_cli.errors import CheckpointError
from snas_cli.runs.checkpoint import (
    Checkpoint,
    load_checkpoint,
    numbered_checkpoints,
    save_checkpoint,
)
from snas_cli.runs.weights import load_weights, save_weights


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


def test_every_flipped_bit_of_a_sample_is_noticed(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, checkpoint(1), keep=1)
    path = tmp_path / "ckpt.pkl"
    whole = path.read_bytes()
    noticed = 0
    for at in range(0, len(whole), 29):
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        path.write_bytes(damaged)
        try:
            assert load_checkpoint(path) == checkpoint(1)  # a byte that nobody reads: padding
        except CheckpointError:
            noticed += 1
    assert noticed > 10


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
        ({"format": 99}, "format 99; this version of snas reads 1"),
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
