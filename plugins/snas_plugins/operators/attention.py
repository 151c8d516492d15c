"""Attention: mutations of networks that attend (Vaswani et al. 2017), whatever their family."""

from __future__ import annotations

from snas_cli.api import Operator, hookimpl
from snas_plugins.operators._roles import RoleOperator


class Attention(RoleOperator):
    """More heads or fewer in a layer, a wider or narrower embedding, larger or smaller patches, or
    a layer more or less."""

    name = "attention"
    roles = frozenset({"heads", "embedding", "patch", "depth"})
    marks = frozenset({"heads"})


@hookimpl
def snas_register_operators() -> list[Operator]:
    return [Attention()]
