"""Options that several commands share."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from snas_cli.registry import Registry

RUNS = Path("runs")

RunsFolder = Annotated[
    Path, typer.Option("--runs", help="The folder that holds the runs.", show_default=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script to read.")]


def registry_of(context: typer.Context) -> Registry:
    registry: Registry = context.obj
    return registry


def console(*, as_json: bool = False) -> Console:
    """Where people read: standard output, or the error stream where a script reads the former."""
    return Console(stderr=as_json, highlight=False)


def print_json(document: Any) -> None:
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
