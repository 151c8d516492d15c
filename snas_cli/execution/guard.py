"""The border to code that is not ours; it stands with the kinds, where plugins can reach it."""

from __future__ import annotations

from snas_cli.kinds.guard import Failure, guarded

__all__ = ["Failure", "guarded"]
