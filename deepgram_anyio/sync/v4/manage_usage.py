"""``manage``: what was used, what is left, and which models there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .auth import TokenDetailsResponse
from .base import BaseResponse
from .errors import DeepgramError
from .options_manage import UsageFieldsOptions, UsageRequestOptions, UsageSummaryOptions
from .responses_manage import Balance, BalancesResponse, ModelResponse, ModelsResponse
from .responses_usage import UsageFieldsResponse, UsageRequest, UsageRequestsResponse, UsageSummaryResponse
from .rest import AbstractAsyncRestClient, Call
from .rest_request import Addons, Headers, Timeout, to_operation

__all__ = ["AsyncUsageCalls", "ModelOptions"]

_Dict = dict[str, Any]


@dataclass(eq=False, repr=False)
class ModelOptions(BaseResponse):
    """Which models to list."""

    include_outdated: bool = False


class AsyncUsageCalls(AbstractAsyncRestClient):
    """The calls of `AsyncManageClient` that only look."""

    async def get_project_models(
        self,
        /,
        project_id: str,
        options: _Dict | ModelOptions | None = None,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> ModelsResponse:
        """Return the models that a project may use."""
        return await self._answer(
            ModelsResponse,
            to_operation("manage.v1.models.list(project_id=)", project_id=project_id),
            Call(options, addons, headers, timeout, kwargs),
        )

    async def get_project_model(
        self,
        /,
        project_id: str,
        model_id: str,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> ModelResponse:
        """Return a model that a project may use."""
        return await self._answer(
            ModelResponse,
            to_operation("manage.v1.models.get(project_id=)", project_id=project_id, model_id=model_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def get_models(
        self,
        /,
        options: _Dict | ModelOptions | None = None,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> ModelsResponse:
        """Return the public models."""
        return await self._answer(
            ModelsResponse, to_operation("manage.v1.models.list"), Call(options, addons, headers, timeout, kwargs)
        )

    async def get_model(
        self, /, model_id: str, timeout: Timeout = None, addons: Addons = None, headers: Headers = None, **kwargs: Any
    ) -> ModelResponse:
        """Return a public model."""
        return await self._answer(
            ModelResponse,
            to_operation("manage.v1.models.get", model_id=model_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def get_usage_requests(
        self,
        /,
        project_id: str,
        options: _Dict | UsageRequestOptions | None = None,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> UsageRequestsResponse:
        """Return a page of a project's requests, the latest first."""
        return await self._answer(
            UsageRequestsResponse,
            to_operation("manage.v1.requests.list", project_id=project_id),
            Call(options, addons, headers, timeout, kwargs),
        )

    async def get_usage_request(
        self,
        /,
        project_id: str,
        request_id: str,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> UsageRequest:
        """Return a request.

        Raises:
            DeepgramError: there is no response yet; otherwise, as all calls do.
        """
        found = await self._answer(
            UsageRequest,
            to_operation("manage.v1.requests.get", project_id=project_id, request_id=request_id),
            Call(None, addons, headers, timeout, kwargs),
        )
        if isinstance(found["request"], dict):
            found = UsageRequest.from_dict(found["request"])  # the form of the specification
        if found["response"] is None:
            raise DeepgramError("the request has no response yet; try again later")
        return found

    async def get_usage_summary(
        self,
        /,
        project_id: str,
        options: _Dict | UsageSummaryOptions | None = None,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> UsageSummaryResponse:
        """Return what a project used."""
        return await self._answer(
            UsageSummaryResponse,
            to_operation("manage.v1.usage.summary", project_id=project_id),
            Call(options, addons, headers, timeout, kwargs),
        )

    async def get_usage_fields(
        self,
        /,
        project_id: str,
        options: _Dict | UsageFieldsOptions | None = None,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> UsageFieldsResponse:
        """Return the models, features and tags that a project used."""
        return await self._answer(
            UsageFieldsResponse,
            to_operation("manage.v1.usage.fields", project_id=project_id),
            Call(options, addons, headers, timeout, kwargs),
        )

    async def get_balances(
        self, /, project_id: str, timeout: Timeout = None, addons: Addons = None, headers: Headers = None, **kwargs: Any
    ) -> BalancesResponse:
        """Return a project's balances."""
        return await self._answer(
            BalancesResponse,
            to_operation("manage.v1.billing.balances", project_id=project_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def get_balance(
        self,
        /,
        project_id: str,
        balance_id: str | None = None,
        timeout: Timeout = None,
        addons: Addons = None,
        headers: Headers = None,
        **kwargs: Any,
    ) -> Balance:
        """Return a balance; the project's first when none is named, as in the README.

        Raises:
            DeepgramError: it has none; otherwise, as all calls do.
        """
        if balance_id is None:
            found = await self.get_balances(project_id, timeout, addons, headers, **kwargs)
            if not found.balances:
                raise DeepgramError("the project has no balance")
            return found.balances[0]
        return await self._answer(
            Balance,
            to_operation("manage.v1.billing.balance", project_id=project_id, balance_id=balance_id),
            Call(None, addons, headers, timeout, kwargs),
        )

    async def get_token_details(
        self, /, timeout: Timeout = None, addons: Addons = None, headers: Headers = None, **kwargs: Any
    ) -> TokenDetailsResponse:
        """Return what the caller's own credential is."""
        return await self._answer(
            TokenDetailsResponse, to_operation("auth.v1.token_details"), Call(None, addons, headers, timeout, kwargs)
        )

    list_project_models = get_project_models
    list_models = get_models
    list_balances = get_balances
