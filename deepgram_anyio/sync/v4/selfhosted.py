"""``selfhosted`` and ``asyncselfhosted``: credentials of the self-hosted distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..blocking import blocking
from .base import BaseResponse
from .rest import AbstractAsyncRestClient, AbstractSyncRestClient, Call
from .rest_request import Arguments, Route, Timeout, answer_as, text_of, to_operation, wire_options

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncOnPremClient", "AsyncSelfHostedClient", "CredentialsText", "OnPremClient", "SelfHostedClient"]

_IN_QUERY = ("scopes", "provider")


class CredentialsText(str):
    """An answer as its JSON text, which is what v4 gives, and as data: by item, attribute, `eval` and `to_dict`."""

    _answer: BaseResponse

    def __new__(cls, text: str, answer: BaseResponse) -> Self:
        """
        Args:
            text: the JSON text.
            answer: what it says.
        """
        self = super().__new__(cls, text)
        self._answer = answer
        return self

    def __getitem__(self, key: Any) -> Any:
        return self._answer[key] if isinstance(key, str) else super().__getitem__(key)

    def __getattr__(self, name: str) -> Any:
        if name == "_answer":  # not there while it is being copied
            raise AttributeError(name)
        return getattr(self._answer, name)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return str(self), self._answer

    def eval(self, key: str) -> str:
        """Return the value at a dotted path; see `BaseResponse.eval`."""
        return self._answer.eval(key)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return self._answer.to_dict()

    def to_json(self, **kwargs: Any) -> str:
        """Return the answer as a JSON text; see `BaseResponse.to_json`."""
        return self._answer.to_json(**kwargs)


class AsyncSelfHostedClient(AbstractAsyncRestClient):
    """Credentials of the self-hosted distribution, async.

    What all calls take and raise: `AbstractAsyncRestClient`; ``addons``, ``headers`` and ``transport`` are among
    ``**kwargs``. The names with ``onprem`` do the same.
    """

    async def list_selfhosted_credentials(
        self, /, project_id: str, timeout: Timeout = None, **kwargs: Any
    ) -> CredentialsText:
        """Return the credentials of a project."""
        return await self._credentials(to_operation(_op("list"), project_id=project_id), {}, timeout, kwargs)

    async def get_selfhosted_credentials(
        self, /, project_id: str, distribution_credentials_id: str, timeout: Timeout = None, **kwargs: Any
    ) -> CredentialsText:
        """Return some credentials."""
        route = to_operation(_op("get"), project_id=project_id, distribution_credentials_id=distribution_credentials_id)
        return await self._credentials(route, {}, timeout, kwargs)

    async def create_selfhosted_credentials(
        self, /, project_id: str, options: Any, timeout: Timeout = None, **kwargs: Any
    ) -> CredentialsText:
        """Make credentials.

        Args:
            project_id: the project.
            options: ``comment``, and, if the server's defaults will not do, ``scopes`` and ``provider``.
            timeout: seconds for each phase, or a `httpx.Timeout`.
            **kwargs: ``addons``, ``headers`` and ``transport``.
        """
        body = wire_options(options)
        query = {name: body.pop(name) for name in _IN_QUERY if name in body}
        route = to_operation(_op("create"), project_id=project_id)
        return await self._credentials(route, query, timeout, {**kwargs, "json": body})

    async def delete_selfhosted_credentials(
        self, /, project_id: str, distribution_credentials_id: str, timeout: Timeout = None, **kwargs: Any
    ) -> CredentialsText:
        """Delete some credentials, and return them a last time."""
        route = to_operation(
            _op("delete"), project_id=project_id, distribution_credentials_id=distribution_credentials_id
        )
        return await self._credentials(route, {}, timeout, kwargs)

    list_onprem_credentials = list_selfhosted_credentials
    get_onprem_credentials = get_selfhosted_credentials
    create_onprem_credentials = create_selfhosted_credentials
    delete_onprem_credentials = delete_selfhosted_credentials

    async def _credentials(
        self, route: Route, query: dict[str, Any], timeout: Timeout, arguments: Arguments
    ) -> CredentialsText:
        addons, headers = arguments.pop("addons", None), arguments.pop("headers", None)
        raw = await self._fetch(route, Call(query, addons, headers, timeout, arguments))
        return CredentialsText(text_of(raw), answer_as(BaseResponse, raw))


class SelfHostedClient(AbstractSyncRestClient):
    """Credentials of the self-hosted distribution. The names with ``onprem`` do the same."""

    _async_class = AsyncSelfHostedClient

    @blocking(AsyncSelfHostedClient.list_selfhosted_credentials)
    def list_selfhosted_credentials(self) -> None: ...
    @blocking(AsyncSelfHostedClient.get_selfhosted_credentials)
    def get_selfhosted_credentials(self) -> None: ...
    @blocking(AsyncSelfHostedClient.create_selfhosted_credentials)
    def create_selfhosted_credentials(self) -> None: ...
    @blocking(AsyncSelfHostedClient.delete_selfhosted_credentials)
    def delete_selfhosted_credentials(self) -> None: ...

    list_onprem_credentials = list_selfhosted_credentials
    get_onprem_credentials = get_selfhosted_credentials
    create_onprem_credentials = create_selfhosted_credentials
    delete_onprem_credentials = delete_selfhosted_credentials


AsyncOnPremClient = AsyncSelfHostedClient
OnPremClient = SelfHostedClient


def _op(call: str) -> str:
    return f"selfhosted.v1.credentials.{call}"
