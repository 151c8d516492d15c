"""The journal, after whatever may happen to a file."""

from __future__ import annotations

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
