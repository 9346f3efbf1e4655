"""Money: balances, purchases, and what a project spent."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from ..options import Options
from .base import Listing, Record, Response
from .usage import PeriodOptions, Resolution

__all__ = [
    "Balance",
    "BalanceList",
    "BillingBreakdown",
    "BillingBreakdownOptions",
    "BillingEntry",
    "BillingFields",
    "BillingGrouping",
    "Purchase",
    "PurchaseList",
    "PurchaseOptions",
]


class Balance(Response, kw_only=True):
    """Credit that is left.

    Attributes:
        balance_id: its identifier.
        amount: how much.
        units: of what, such as ``usd`` or ``hour``.
        purchase_order_id: the purchase that it comes from.
    """

    balance_id: str | None = None
    amount: float | None = None
    units: str | None = None
    purchase_order_id: str | None = None


class BalanceList(Listing[Balance], kw_only=True):
    """The balances of a project.

    Attributes:
        balances: one by one.
    """

    _items: ClassVar[str] = "balances"

    balances: list[Balance] | None = None


class BillingBreakdownOptions(PeriodOptions, frozen=True, kw_only=True):
    """What to sum up, and by what.

    Attributes:
        start: the period's first day, as a date or ``YYYY-MM-DD``.
        end: its last day.
        accessor: only what was used with this key.
        deployment: ``hosted``, ``beta``, ``self-hosted`` or ``dedicated``.
        tag: only requests with this label.
        line_item: only this item of the bill, such as ``streaming::nova-3``.
        grouping: any of ``accessor``, ``deployment``, ``line_item``, ``tags``.
    """

    accessor: str | None = None
    deployment: str | None = None
    tag: str | None = None
    line_item: str | None = None
    grouping: str | list[str] | None = None


class BillingGrouping(Record, kw_only=True):
    """What an entry's costs have in common; None is what was not grouped by, or what is no group.

    Attributes:
        start: first day.
        end: last day.
        accessor: identifier of the key.
        deployment: such as ``hosted``.
        line_item: what it was billed as.
        tags: labels of the requests.
    """

    start: dt.date | None = None
    end: dt.date | None = None
    accessor: str | None = None
    deployment: str | None = None
    line_item: str | None = None
    tags: list[str] | None = None


class BillingEntry(Record, kw_only=True):
    """What a group cost, in US dollars.

    Attributes:
        dollars: the cost.
        grouping: what it was for.
    """

    dollars: float | None = None
    grouping: BillingGrouping | None = None


class BillingBreakdown(Listing[BillingEntry], kw_only=True):
    """What a project spent in a period, group by group.

    Attributes:
        start: first day of the period.
        end: last day of the period.
        resolution: how long the stretches are.
        results: entry by entry.
    """

    _items: ClassVar[str] = "results"

    start: dt.date | None = None
    end: dt.date | None = None
    resolution: Resolution | None = None
    results: list[BillingEntry] | None = None


class BillingFields(Response, kw_only=True):
    """What a project was billed for in a period, and can hence filter by.

    Attributes:
        accessors: keys.
        deployments: kinds of deployment.
        tags: labels.
        line_items: items of the bill, and their names for a person.
    """

    accessors: list[str] | None = None
    deployments: list[str] | None = None
    tags: list[str] | None = None
    line_items: dict[str, str] | None = None


class PurchaseOptions(Options, frozen=True, kw_only=True):
    """How many purchases to list.

    Attributes:
        limit: the most, 1 to 1000; 10.
    """

    limit: int | None = None


class Purchase(Record, kw_only=True):
    """Credit that was bought, or given.

    Attributes:
        order_id: its identifier.
        expiration: when what is left of it expires.
        created: when it was made.
        amount: how much.
        units: of what.
        order_type: such as ``promotional``.
    """

    order_id: str | None = None
    expiration: dt.datetime | None = None
    created: dt.datetime | None = None
    amount: float | None = None
    units: str | None = None
    order_type: str | None = None


class PurchaseList(Listing[Purchase], kw_only=True):
    """The purchases of a project.

    Attributes:
        orders: one by one.
    """

    _items: ClassVar[str] = "orders"

    orders: list[Purchase] | None = None
