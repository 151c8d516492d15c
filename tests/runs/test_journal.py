"""The journal, after whatever may happen to a file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from snas_cli.errors import RunError
from snas_cli.runs.journal import Journal, read_events


def write(path: Path, *values: int) -> None:
    journal = Journal(path)
    for value in values:
        journal.write("count", value=value)
    journal.close()


def values(path: Path) -> list[int]:
    return [event["value"] for event in read_events(path)]


def test_events_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert values(path) == []
    write(path, 1, 2)
    write(path, 3)
    assert values(path) == [1, 2, 3]


def test_a_line_torn_at_any_byte_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write(path, 1, 2)
    whole = path.read_bytes()
    second = whole.index(b"\n") + 1
    for end in range(second, len(whole)):
        path.write_bytes(whole[:end])
        assert values(path) == [1]
        write(path, 7)
        assert values(path) == [1, 7]


def test_damage_within_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event": "count", "value": 1}\n{"event"\n{"event": "count", "value": 3}\n')
    with pytest.raises(RunError, match=r"journal\.jsonl:2: damaged"):
        values(path)
    path.write_text("[1, 2]\n")
    with pytest.raises(RunError, match=r"journal\.jsonl:1: not an event"):
        values(path)


def test_what_is_not_a_number_is_never_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    with pytest.raises(ValueError, match="JSON compliant"):
        journal.write("count", value=float("nan"))
    journal.close()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"event": "notice", "what": "x", "elapsed": NaN}', "damaged"),
        ('{"event": "notice", "what": "x", "elapsed": -1}', "elapsed: Input should be greater"),
        ('{"event": "generation", "generation": "1"}', "generation: Input should be a valid int"),
        ("[" * 100_000, "damaged"),
        ('{"event": "notice", "what": "half of a \\ud83d"}', "damaged"),
        ('{"event": "planned", "generations": ' + "9" * 5000 + "}", "damaged"),
    ],
    ids=["nan", "negative", "text", "deep", "half", "huge"],
)
def test_what_no_journal_holds_is_refused(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(RunError, match=rf"journal\.jsonl:1: .*{fault}"):
        values(path)


def test_events_of_a_newer_version_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event": "of tomorrow", "value": [1]}\n')
    assert values(path) == [[1]]


def test_a_disk_that_fills_up_leaves_whole_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.write("count", value=1)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunError, match=r"cannot write .*: No space left on device"):
            journal.write("count", value=2)
    journal.write("count", value=3)
    journal.close()
    assert values(path) == [1, 3]


def test_what_is_too_long_to_be_a_journal_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with path.open("wb") as file:
        file.truncate(2_000_000_000)  # takes no room on the disk
    with pytest.raises(RunError, match="2,000,000,000 bytes, which is too many"):
        list(read_events(path))
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(RunError, match=r"journal.jsonl:1: longer than any line"):
        list(read_events(path))
