"""Money: balances, purchases, and what a project spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...protocol.rest.billing import (
    Balance,
    BalanceList,
    BillingBreakdown,
    BillingBreakdownOptions,
    BillingFields,
    PurchaseList,
    PurchaseOptions,
)
from ...protocol.rest.operations import operation
from ...protocol.rest.usage import PeriodOptions
from ..backend import Backend, CallParams, split_params
from .usage import PeriodParams

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Billing", "BillingBreakdownParams", "PurchaseParams"]


class BillingBreakdownParams(PeriodParams, total=False):
    """The fields of `BillingBreakdownOptions` as keywords, for type checkers and editors."""

    accessor: str | None
    deployment: str | None
    tag: str | None
    line_item: str | None
    grouping: str | Sequence[str] | None


class PurchaseParams(CallParams, total=False):
    """The fields of `PurchaseOptions` as keywords, for type checkers and editors."""

    limit: int | None


class Billing:
    """What a project has left, bought and spent."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def balances(self, project_id: str, **call: Unpack[CallParams]) -> BalanceList:
        """List what is left of a project's credit.

        Args:
            project_id: the project.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("manage.v1.billing.balances"), call, returns=BalanceList, fields={"project_id": project_id}
        )

    async def balance(self, project_id: str, balance_id: str, **call: Unpack[CallParams]) -> Balance:
        """Get one balance.

        Args:
            project_id: the project.
            balance_id: the balance.
            **call: see `CallParams`.
        """
        return await self._backend.call(
            operation("manage.v1.billing.balance"),
            call,
            returns=Balance,
            fields={"project_id": project_id, "balance_id": balance_id},
        )

    async def breakdown(
        self,
        project_id: str,
        options: BillingBreakdownOptions | None = None,
        **params: Unpack[BillingBreakdownParams],
    ) -> BillingBreakdown:
        """Sum up what a project spent.

        Args:
            project_id: the project.
            options: parameters in a struct.
            **params: parameters by name, which win over `options`; and see `CallParams`.

        Raises:
            ConfigError: an unknown parameter, or one of the wrong type: `start` and `end` are dates, not datetimes.
        """
        query, call = split_params(BillingBreakdownOptions, options, params)
        return await self._backend.call(
            operation("manage.v1.billing.breakdown"),
            call,
            returns=BillingBreakdown,
            fields={"project_id": project_id},
            query=query,
        )

    async def fields(
        self, project_id: str, options: PeriodOptions | None = None, **params: Unpack[PeriodParams]
    ) -> BillingFields:
        """List what `breakdown` can filter by.

        Args:
            project_id: the project.
            options: parameters in a struct.
            **params: parameters by name, which win over `options`; and see `CallParams`.

        Raises:
            ConfigError: an unknown parameter, or one of the wrong type: `start` and `end` are dates, not datetimes.
        """
        query, call = split_params(PeriodOptions, options, params)
        return await self._backend.call(
            operation("manage.v1.billing.fields"),
            call,
            returns=BillingFields,
            fields={"project_id": project_id},
            query=query,
        )

    async def purchases(
        self, project_id: str, options: PurchaseOptions | None = None, **params: Unpack[PurchaseParams]
    ) -> PurchaseList:
        """List a project's purchases.

        Args:
            project_id: the project.
            options: parameters in a struct.
            **params: parameters by name, which win over `options`; and see `CallParams`.

        Raises:
            ConfigError: an unknown parameter, or one of the wrong type.
        """
        query, call = split_params(PurchaseOptions, options, params)
        return await self._backend.call(
            operation("manage.v1.billing.purchases"),
            call,
            returns=PurchaseList,
            fields={"project_id": project_id},
            query=query,
        )
