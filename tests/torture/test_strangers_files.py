"""Damaged and hostile files: an error of one message, and never a traceback, a hang or code run.

A file that has done harm is kept where the test says; its seed is in the test's message."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
import typer
from PIL import Image

from snas_cli import app
from snas_cli.errors import CheckpointError
from snas_cli.registry import Registry
from snas_cli.runs.weights import load_weights, save_weights

FIRST_RUN = Path(__file__).parents[1] / "runs" / "data" / "format-1"
RECIPES = Path(__file__).parents[2] / "recipes"
ROUNDS = (10_000 if "SNAS_TORTURE" in os.environ else 220) // 11  # there are eleven tests
A_HANG = 120  # seconds; the slowest takes a thousandth of it

# What the first version did not write.
DOCUMENTS: dict[str, dict[str, Any]] = {
    "best/layers.json": {
        "layers": [{"name": "1", "kind": "Linear", "shape": [128], "params": 8320, "flops": 16384}]
    },
    "evaluation/scores.json": {
        "data": "digits", "split": "test", "pictures": 4, "accuracy": 0.5,
        "macro": {"roc_auc": 0.5}, "confusion": [[1, 1], [1, 1]],
        "classes": {name: {"precision": 0.5, "recall": 0.5, "f1": 0.5, "roc_auc": 0.5}
                    for name in "ab"},
        "roc": {"classes": {name: {"false_positive_rate": [0, 1], "true_positive_rate": [0, 1]}
                            for name in "ab"}},
    },
}  # fmt: skip

# What has broken readers of files before.
TOKENS = [
    b"NaN",
    b"-1",
    b"1e999",
    b"-Infinity",
    b"9" * 5000,
    b"0x" + b"f" * 5000,
    b"[" * 5000,
    b'{"a":' * 2000,
    b"null",
    b"true",
    b"\x00",
    b"\xff\xfe",
    b"\r",
    b"\n",
    b"\n\n",
    b'"',
    b"'",
    b",",
    b": ",
    b"- ",
    b"*a",
    b"&a ",
    b"<<: ",
    b"!!python/object/apply:os.system ['true']",
    b"\t",
    b"\\u0000",
    b"\\ud800",
    b"../../../etc/passwd",
    b"/dev/zero",
    b"2026-01-01",
    b"\xf0\x9f\x98\x80",
    b"{}",
    b"[]",
    b"~",
    b"!!binary ",
    b"!!set ",
    b"1_000",
    b"1:30:00",
    b"=",
    b"? ",
    b"%YAML 9.9\n",
    b"---\n",
    b"99999999999999999999",
]


def mutated(content: bytes, rng: Random) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        content = rng.choice(MUTATIONS)(content, rng)
    return content


def flipped(content: bytes, rng: Random) -> bytes:
    damaged = bytearray(content or b"?")
    damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def truncated(content: bytes, rng: Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def without_a_part(content: bytes, rng: Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    return content[:start] + content[start + rng.randrange(1, 60) :]


def with_a_part_twice(content: bytes, rng: Random) -> bytes:
    start, to = rng.randrange(len(content) + 1), rng.randrange(len(content) + 1)
    return content[:to] + content[start : start + rng.randrange(1, 200)] + content[to:]


def with_a_token(content: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.choice(TOKENS) + content[at:]


def with_another_value(content: bytes, rng: Random) -> bytes:
    """In the place of what stands between two marks, as a value does."""
    marks = [i for i, byte in enumerate(content) if byte in b":,[]{}\n "] or [0]
    start = rng.choice(marks)
    end = min((i for i in marks if i > start), default=len(content))
    return content[: start + 1] + rng.choice(TOKENS) + content[end:]


MUTATIONS = (
    flipped, truncated, without_a_part, with_a_part_twice, with_a_token, with_another_value,
    with_another_value,
)  # fmt: skip


@contextmanager
def no_hang() -> Iterator[None]:
    def too_long(*_: object) -> None:
        raise AssertionError(f"no answer within {A_HANG} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(A_HANG)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def said(*arguments: object, out: StringIO | None = None) -> tuple[int, str]:
    """The exit code, and what went to stderr."""
    err, out = StringIO(), out or StringIO()
    with (
        no_hang(), redirect_stdout(out), redirect_stderr(err),
        pytest.raises(SystemExit) as end,
    ):  # fmt: skip
        app.main([str(argument) for argument in arguments])
    return int(end.value.code or 0), err.getvalue()


def torture(path: Path, command: Callable[[], tuple[int, str]], seed: int) -> None:
    """Runs `command` with one mutation of the file at `path` after the other."""
    sound = path.read_bytes()
    for at in range(ROUNDS):
        path.write_bytes(mutated(sound, Random(f"{seed}/{at}")))
        try:
            code, words = command()
            assert code in (0, 1, 2), words
            assert bool(words) == bool(code), words  # what is taken is taken without a complaint
            assert "Traceback" not in words
            assert len(words) < 20_000
        except BaseException as error:
            error.add_note(f"mutation {seed}/{at} of {path}, kept there")
            raise
    path.write_bytes(sound)


@pytest.fixture(autouse=True)
def one_app(monkeypatch: pytest.MonkeyPatch, registry: Registry) -> None:
    """For all commands: to look for plugins takes longer than to read a file."""
    made = typer.main.get_command(app.make_app(registry))
    monkeypatch.setattr(app, "make_app", lambda _registry: made)
    monkeypatch.setattr(Registry, "installed", lambda: registry)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIRST_RUN, tmp_path / "run"))


@pytest.mark.parametrize("name", ["digits.yaml", "format-1"])
def test_recipes(tmp_path: Path, name: str) -> None:
    source = FIRST_RUN / "recipe.yaml" if name == "format-1" else RECIPES / name
    path = Path(shutil.copy(source, tmp_path / "recipe.yaml"))
    torture(path, lambda: said("recipes", "check", path), 0)


def test_journals(run: Path) -> None:
    torture(run / "journal.jsonl", lambda: said("runs", "show", run), 1)


@pytest.mark.parametrize(
    ("name", "command"),
    [("best/metrics.json", "report"), ("best/layers.json", "report"), ("data.json", "resume"),
     ("evaluation/scores.json", "report")],
)  # fmt: skip
def test_documents(run: Path, name: str, command: str) -> None:
    path = run / name
    path.parent.mkdir(exist_ok=True)
    if name in DOCUMENTS:
        path.write_text(json.dumps(DOCUMENTS[name]))
    torture(path, lambda: said(command, run), 6)


def test_architectures(run: Path) -> None:
    path = run / "best" / "architecture.json"
    torture(path, lambda: said("evaluate", path), 2)


def test_checkpoints(run: Path) -> None:
    path = run / "ckpt.pkl"
    torture(path, lambda: said("resume", path), 3)


def test_weights(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_weights(path, {"a": torch.ones(2, 3), "b": torch.ones(4, dtype=torch.int64)}, "f")

    def load() -> tuple[int, str]:
        try:
            load_weights(path, "f")
        except CheckpointError as error:
            return 1, str(error)
        return 0, ""

    torture(path, load, 4)


def test_tables(tmp_path: Path) -> None:
    rng = Random(0)
    lines = ["image,label,split"]
    for i in range(12):
        Image.frombytes("L", (8, 8), rng.randbytes(64)).save(tmp_path / f"{i}.png")
        lines.append(f"{i}.png,{'ab'[i % 2]},{('train', 'val', 'test')[i % 3]}")
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n")

    def check() -> tuple[int, str]:
        found = StringIO()  # pictures that cannot be read are findings, and no error of the check
        code, words = said("datasets", "check", path, out=found)
        return code, (words or found.getvalue()) if code else ""  # warnings are welcome

    torture(path, check, 5)
