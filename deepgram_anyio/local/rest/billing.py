"""``.../balances``, ``.../billing`` and ``.../purchases``: a local server costs nothing, and says so in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...protocol.rest.billing import (
    Balance,
    BalanceList,
    BillingBreakdown,
    BillingEntry,
    BillingFields,
    BillingGrouping,
    Purchase,
    PurchaseList,
)
from .accounts import not_found
from .call import Handler, RestCall
from .history import DEPLOYMENT, Entry
from .store import Store
from .usage import DAY, period_of, used_by

__all__ = ["HANDLERS"]

_UNITS = "usd"


def _balance_of(store: Store) -> Balance:
    return Balance(balance_id=store.balance_id, amount=0.0, units=_UNITS, purchase_order_id=store.order_id)


async def _balances(call: RestCall) -> BalanceList:
    return BalanceList(balances=[_balance_of(call.state.store)])


async def _balance(call: RestCall) -> Balance:
    store, balance_id = call.state.store, call.fields["balance_id"]
    if balance_id != store.balance_id:
        raise not_found("balance", balance_id)
    return _balance_of(store)


async def _breakdown(call: RestCall) -> BillingBreakdown:
    entries = used_by(call)
    start, end = period_of(call, entries)
    names = [call.query.grouping] if isinstance(call.query.grouping, str) else call.query.grouping or []
    groups = {repr(common): common for common in (_common(entry, names) for entry in entries)}
    return BillingBreakdown(
        start=start,
        end=end,
        resolution=DAY,
        results=[
            BillingEntry(dollars=0.0, grouping=BillingGrouping(start=start, end=end, **common))
            for common in groups.values()
        ],
    )


def _common(entry: Entry, names: list[str]) -> dict[str, Any]:
    all_of_it = {
        "accessor": entry.api_key_id,
        "deployment": DEPLOYMENT,
        "line_item": entry.line_item,
        "tags": sorted(entry.tags),
    }
    return {name: all_of_it[name] for name in sorted(set(names))}


async def _fields(call: RestCall) -> BillingFields:
    entries = used_by(call)
    return BillingFields(
        accessors=sorted({entry.api_key_id for entry in entries}),
        deployments=[DEPLOYMENT] if entries else [],
        tags=sorted({tag for entry in entries for tag in entry.tags}),
        line_items={entry.line_item: f"{entry.used.model or entry.endpoint}, {entry.method}" for entry in entries},
    )


async def _purchases(call: RestCall) -> PurchaseList:
    store = call.state.store
    order = Purchase(order_id=store.order_id, created=store.created, amount=0.0, units=_UNITS, order_type="promotional")
    return PurchaseList(orders=[order])


HANDLERS: Final[Mapping[str, Handler]] = {
    "manage.v1.billing.balances": _balances,
    "manage.v1.billing.balance": _balance,
    "manage.v1.billing.breakdown": _breakdown,
    "manage.v1.billing.fields": _fields,
    "manage.v1.billing.purchases": _purchases,
}
"""What answers these calls."""
