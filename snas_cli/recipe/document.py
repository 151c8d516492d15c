"""YAML that remembers where each value stands, so that a fault can be shown with its line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from snas_cli.errors import RecipeError

MAX_BYTES = 1_000_000  # a recipe is a page of text; anything larger is something else
MAX_DEPTH = 20  # also ends an anchor that contains itself
MAX_VALUES = 100_000  # also ends aliases that multiply
MAX_DIGITS = 400  # of a whole number: more than any float has, and Python writes no more than 4,300

Key = tuple[str | int, ...]


@dataclass
class Document:
    """Nested values, and for each the place it comes from."""

    source: str
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[Key, str] = field(default_factory=dict)

    def place(self, key: Key) -> str:
        """Where `key`, or the innermost thing around it that was written down, stands."""
        for length in range(len(key), 0, -1):
            if key[:length] in self.places:
                return self.places[key[:length]]
        return self.source

    def set(self, dotted: str, value: Any, place: str) -> None:
        """Overrides one value. Raises RecipeError where the way there leads through a scalar."""
        *sections, last = dotted.split(".")
        here = self.values
        for depth, section in enumerate(sections, 1):
            if here.get(section) is None:
                here[section] = {}
            here = here[section]
            if not isinstance(here, dict):
                raise RecipeError([f"{place}: {'.'.join(sections[:depth])} has no keys of its own"])
        here[last] = value
        key = (*sections, last)
        self.places = {k: where for k, where in self.places.items() if k[: len(key)] != key}
        self.places[key] = place


def read_document(path: Path) -> Document:
    """Raises RecipeError naming the file and, where there is one, the line."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise RecipeError([f"{path}: {size:,} bytes are too many for a recipe"])
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RecipeError([f"{path}: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise RecipeError([f"{path}: not a text file in UTF-8"]) from None
    return parse_document(text, str(path))


def parse_document(text: str, source: str) -> Document:
    """Raises RecipeError for what is not YAML, or not a mapping of names to values."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = Document(source)
        values = _Reader(document).read(node, ()) if node is not None else {}
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise RecipeError([f"{source}{line}: {error.problem}"]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecipeError([f"{source}: not readable as YAML: {error}"]) from None
    if not isinstance(values, dict):
        raise RecipeError([f"{source}: a recipe is made of sections such as 'search:' and 'data:'"])
    document.values = values
    return document


class _Reader:
    """Turns YAML nodes into plain values and notes the line of each."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._scalars = yaml.SafeLoader("")
        self._count = 0

    def read(self, node: yaml.Node, key: Key) -> Any:
        self._count += 1
        if len(key) > MAX_DEPTH or self._count > MAX_VALUES:
            raise ValueError("nested too deeply or repeated too often for a recipe")
        self._document.places.setdefault(key, self._at(node))
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, key)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.read(item, (*key, i)) for i, item in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Any:
        value = self._scalars.construct_object(node, deep=True)
        if isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:
            raise yaml.MarkedYAMLError(problem="a number of far too many digits",
                                       problem_mark=node.start_mark)  # fmt: skip
        return value

    def _mapping(self, node: yaml.MappingNode, key: Key) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name_node, value_node in node.value:
            name = str(name_node.value)
            if name in values:
                raise yaml.MarkedYAMLError(problem=f"the key {name!r} stands here a second time",
                                           problem_mark=name_node.start_mark)  # fmt: skip
            self._document.places[(*key, name)] = self._at(name_node)
            values[name] = self.read(value_node, (*key, name))
        return values

    def _at(self, node: yaml.Node) -> str:
        return f"{self._document.source}:{node.start_mark.line + 1}"
