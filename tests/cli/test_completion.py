"""What the shell is offered on Tab."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for folder in ("photos", "runs/digits-001", ".hidden"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("mine.yaml", "signs.csv", "notes.txt"):
        (tmp_path / file).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("search dig", ["digits"]),
        ("search ph", ["photos/"]),
        ("search mi", ["mine.yaml"]),
        ("search no", []),
        ("search --strategy evo", ["evolution"]),
        ("search --families cnn,mobile", ["cnn,mobilenet"]),
        ("search --dataset cifar", ["cifar10", "cifar100"]),
        ("search --objective lat", ["latency_ms"]),
        ("search --monitor val_b", ["val_balanced_acc"]),
        ("bench --strategy random,lo", ["random,local"]),
        ("resume ", ["runs/digits-001/"]),
        ("resume runs/d", ["runs/digits-001/"]),
        ("resum", ["resume"]),
    ],
)
def test_tab(typed: str, offered: list[str], place: Path) -> None:
    command = "import sys; sys.argv[0] = 'snas'; from snas_cli.app import main; main()"
    words = f"snas {typed}"
    ended = subprocess.run(
        [sys.executable, "-c", command],
        cwd=place,
        env={**os.environ, "_SNAS_COMPLETE": "complete_bash", "COMP_WORDS": words,
             "COMP_CWORD": str(len(words.split(" ")) - 1)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.stdout.split() == offered, ended.stderr


@pytest.mark.parametrize(
    ("shell", "typed"),
    [
        ("zsh", {"_TYPER_COMPLETE_ARGS": "snas search dig"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "snas search dig",
                  "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)  # fmt: skip
def test_tab_in_other_shells(shell: str, typed: dict[str, str], place: Path) -> None:
    command = "import sys; sys.argv[0] = 'snas'; from snas_cli.app import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", command],
        cwd=place,
        env={**os.environ, "_SNAS_COMPLETE": f"complete_{shell}", **typed},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "digits" in ended.stdout, ended.stderr
    assert "photos" not in ended.stdout


def test_bash_asks_once_it_has_read_the_script(place: Path) -> None:
    scripts = Path(sys.executable).parent
    script = """
        source <(snas --show-completion bash)
        COMP_WORDS=(snas search mi) COMP_CWORD=2
        $(complete -p snas | sed 's/.*-F \\([^ ]*\\).*/\\1/') snas
        echo "${COMPREPLY[@]}"
    """
    path = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", script], cwd=place, env={**os.environ, "PATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.stdout == "mine.yaml\n", ended.stderr
