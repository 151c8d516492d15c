"""What comes with snas, whatever else is installed."""

from __future__ import annotations

from snas_cli.registry import Registry

FAMILIES = [
    part.name
    for part in Registry.installed().components("family")
    if part.origin.startswith("snas:")
]
