"""Values, calls and lines as Python code, laid out as formatters would."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from io import StringIO
from itertools import chain, pairwise
from tokenize import generate_tokens
from typing import Any

import torch
from torch import fx

from snas_cli.api import ExportError

LINE_LENGTH = 88  # what formatters take for granted, wherever the file will lie


def call(arguments: Iterable[Any], options: Mapping[str, Any], texts: Mapping[Any, str]) -> str:
    """What stands between the brackets of a call."""
    named = [f"{name}={literal(value, texts)}" for name, value in options.items()]
    return ", ".join([literal(value, texts) for value in arguments] + named)


def literal(value: Any, texts: Mapping[Any, str]) -> str:
    """A value as code; `texts` has the nodes of a graph."""
    match value:
        case fx.Node():
            return texts[value]
        case None | bool() | int() | torch.dtype() | torch.memory_format():
            return repr(value)
        case float():
            return repr(value) if math.isfinite(value) else f'float("{value}")'
        case str():
            return json.dumps(value)
        case list():
            return f"[{call(value, {}, texts)}]"
        case tuple():
            return f"({call(value, {}, texts)}{',' * (len(value) == 1)})"
    raise ExportError(f"python: cannot write {value!r}, a value of type {type(value).__name__}")


def wrapped(line: str, depth: int = 2) -> list[str]:
    """A line of code as formatters leave it: where it is too long, each item in the brackets at its
    end has a line, and a comma even after the last so that it stays that way."""
    margin = "    " * depth
    pieces = _pieces(line)
    if len(margin + line) <= LINE_LENGTH or not pieces:
        return [margin + line]
    head, *items, tail = pieces
    inner = [wrapped(f"{item.removesuffix(',')},", depth + 1) for item in items]
    return [margin + head, *chain.from_iterable(inner), margin + tail]


def _pieces(line: str) -> list[str]:
    """The line up to the brackets at its end, each item in them, and the rest; nothing where a
    comma too many would change what the brackets mean."""
    depth = 0
    cuts: list[int] = []
    for token in generate_tokens(StringIO(line).readline):
        if token.string in tuple("([{"):
            depth += 1
            cuts = [token.end[1]] if depth == 1 else cuts
        elif token.string in tuple(")]}"):
            depth -= 1
            cuts += [token.start[1]] if depth == 0 else []
        elif token.string == "," and depth == 1:
            cuts.append(token.end[1])
    pieces = [line[start:end].strip() for start, end in pairwise([0, *cuts, len(line)])]
    is_call_or_display = re.search(r"(^|[\w=])\($|(^|=)\[$", pieces[0])
    is_at_the_end = re.fullmatch(r"[)\]],?", pieces[-1])
    return list(filter(None, pieces)) if is_call_or_display and is_at_the_end else []
