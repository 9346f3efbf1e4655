"""``balances``: what is left of a project's credit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .choices import ProjectOption, choose_project
from .output import Column, Output
from .running import run_async
from .settings import Settings, with_settings

if TYPE_CHECKING:
    from ..client import DeepgramClient

__all__ = ["balances_command"]


@with_settings
def balances_command(settings: Settings, project: ProjectOption = None) -> int:
    """Show what is left of a project's credit.

    Example: deepgram-anyio balances

    Example: deepgram-anyio balances --project 4a9f5b1c-0d3e-4f2a-8b7c-6d5e4f3a2b1c --json
    """
    output = Output(settings)

    async def main(dg: DeepgramClient) -> None:
        balances = await dg.manage.v1.billing.balances(await choose_project(dg, project))
        if output.json:
            output.document(balances)
            return
        columns: list[Column | str] = [
            Column("Amount", right=True),
            "Units",
            "Identifier",
            Column("Purchase", optional=True),
        ]
        rows = [(balance.amount, balance.units, balance.balance_id, balance.purchase_order_id) for balance in balances]
        output.table("Balances", columns, rows, empty="The project has no credit.")

    return run_async(settings, main)
