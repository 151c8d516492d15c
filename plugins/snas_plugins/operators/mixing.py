"""Mixing: mutations of networks that mix tokens and channels by turns (Tolstikhin et al. 2021)."""

from __future__ import annotations

from snas_cli.api import Operator, hookimpl
from snas_plugins.operators._roles import RoleOperator


class Mixing(RoleOperator):
    """A wider or narrower mixing of tokens or of channels in a layer, or another patch size."""

    name = "mixing"
    roles = frozenset({"token_mixing", "channel_mixing", "patch"})
    marks = frozenset({"token_mixing", "channel_mixing"})


@hookimpl
def snas_register_operators() -> list[Operator]:
    return [Mixing()]
