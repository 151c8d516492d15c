"""Writes the references that are made from the code: every key of a recipe, and every command.

After a change of either: python -m tests.reference
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import typer
import yaml

from snas_cli.app import make_app
from snas_cli.recipe.schema import Recipe
from snas_cli.registry import Registry
from snas_cli.scripting.options import OPTIONS, flag
from tests.conftest import ROOT

KEYS = ROOT / "recipes" / "KEYS.md"
COMMANDS = ROOT / "snas_cli" / "commands" / "README.md"
WRITTEN = "Written by `python -m tests.reference`; a test compares it with the code."

Schema = Mapping[str, Any]


# --- keys -----------------------------------------------------------------------------------------


def keys_reference() -> str:
    """recipes/KEYS.md."""
    schema = Recipe.model_json_schema()
    lines = [
        "# Every key of a recipe",
        "",
        f"{WRITTEN} `snas recipes show` prints a recipe with every key, `snas recipes schema` the "
        "schema for editors. A key stands in its section: `search.budget` is",
        "",
        "```yaml",
        "search:",
        "  budget: 2h",
        "```",
        "",
        "On the command line, a key that has no flag of its own is `--set search.elites=1`.",
    ]
    alone = {name: part for name, part in schema["properties"].items() if "$ref" not in part}
    lines += ["", "## At the top", "", *_key_table(alone, "", schema)]
    for name, part in schema["properties"].items():
        if "$ref" in part:
            lines += _section(name, _at(part["$ref"], schema), schema)
    return "\n".join(lines) + "\n"


def _section(name: str, section: Schema, schema: Schema) -> Iterator[str]:
    """With the sections that are in it."""
    own, inner = {}, {}
    for key, part in section["properties"].items():
        (inner if "$ref" in part else own)[key] = part
        if "$ref" in part.get("items", {}):
            inner[f"{key}[]"] = part["items"]
    yield from ("", f"## {name}", "", section.get("description", ""), "")
    yield from _key_table(own, f"{name}.", schema)
    for key, part in inner.items():
        yield from _section(f"{name}.{key}", _at(part["$ref"], schema), schema)


def _key_table(parts: Mapping[str, Schema], prefix: str, schema: Schema) -> Iterator[str]:
    flags = {key: flag(name) for name, key in OPTIONS.items()}
    yield "| key | type | default | what it means | flag |"
    yield "| --- | --- | --- | --- | --- |"
    for name, part in parts.items():
        key = prefix + name
        shown = f"`{flags[key]}`" if key in flags else ""
        cells = (f"`{key}`", _type(part, schema), _default(part), part.get("description", ""),
                 shown)  # fmt: skip
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _at(reference: str, schema: Schema) -> Schema:
    found: Schema = schema["$defs"][reference.rpartition("/")[2]]
    return found


PLAIN = {"integer": "whole number", "number": "number", "string": "text", "object": "mapping",
         "boolean": "true, false"}  # fmt: skip


def _type(part: Schema, schema: Schema) -> str:
    if "anyOf" in part:
        kinds = [each for each in part["anyOf"] if each.get("type") != "null"]
        if any("pattern" in each for each in kinds) and len(kinds) == 2:  # see recipe/quantities.py
            return "a quantity"
        return " or ".join(_type(each, schema) for each in kinds)
    if "enum" in part or "const" in part:
        return ", ".join(f"`{value}`" for value in part.get("enum", [part.get("const")]))
    if part.get("type") == "array":
        return f"list of {_type(part['items'], schema)}s"
    kind = "section" if "$ref" in part else PLAIN.get(part.get("type", ""), "any value")
    return " ".join([kind, *_bounds(part)])


def _bounds(part: Schema) -> Iterator[str]:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {part[name]:g}" for name, sign in signs.items() if name in part]
    if bounds:
        yield ", ".join(bounds)


def _default(part: Schema) -> str:
    if isinstance(part.get("default"), list) and any(isinstance(v, dict) for v in part["default"]):
        return "see `snas recipes show`"
    if "default" not in part or part["default"] is None:
        return ""
    text = yaml.safe_dump(part["default"], default_flow_style=True)
    return f"`{text.strip().removesuffix('...').strip()}`"


# --- commands -------------------------------------------------------------------------------------


def commands_reference(registry: Registry) -> str:
    """snas_cli/commands/README.md."""
    lines = [
        "# Every command",
        "",
        f"{WRITTEN} `snas COMMAND --help` says the same. A file here is a subcommand: it parses, "
        "calls what does the work, and shows what came of it.",
    ]
    app = typer.main.get_command(make_app(registry))
    for name, command in app.commands.items():  # type: ignore[attr-defined]
        lines += _command(f"snas {name}", command)
    return "\n".join(lines) + "\n"


def _command(name: str, command: Any) -> Iterator[str]:
    """With its subcommands. `Any`: typer has no name of its own for what it makes of a function."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join([name, *(_argument(p) for p in arguments)])
    yield from ("", f"## {name}", "", f"`{usage}`", "", _paragraphs(command.help or ""))
    if arguments or options:
        yield from ("", "| option | what it means | default |", "| --- | --- | --- |")
        yield from (_row(f"`{_argument(p)}`", p) for p in arguments)
        yield from (_row(_flags(p), p) for p in options)
    for inner, subcommand in getattr(command, "commands", {}).items():
        yield from _command(f"{name} {inner}", subcommand)


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name or "").upper().strip("[]{}")
    return name if parameter.required else f"[{name}]"


def _flags(parameter: Any) -> str:
    names = [*parameter.opts, *parameter.secondary_opts]
    return ", ".join(f"`{name}`" for name in names)


def _row(names: str, parameter: Any) -> str:
    default = parameter.default
    plain = default is None or default is ... or default in (False, (), []) or callable(default)
    shown = "" if plain else f"`{getattr(default, 'value', default)}`"
    return f"| {names} | {(parameter.help or '').replace('|', '/')} | {shown} |"


def main() -> None:
    KEYS.write_text(keys_reference(), encoding="utf-8")
    COMMANDS.write_text(commands_reference(Registry.installed()), encoding="utf-8")


if __name__ == "__main__":
    main()
