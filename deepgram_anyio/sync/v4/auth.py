"""``auth`` and ``asyncauth``: short-lived tokens."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import ConfigError
from ..blocking import blocking
from .base import BaseResponse
from .rest import AbstractAsyncRestClient, AbstractSyncRestClient, Call
from .rest_request import json_body, to_operation

__all__ = ["AsyncAuthRESTClient", "AuthRESTClient", "GrantTokenResponse", "TokenDetailsResponse"]

_MAX_TTL_S = 3600


@dataclass(eq=False, repr=False)
class GrantTokenResponse(BaseResponse):
    """A short-lived token, which lives so many seconds; its `repr` does not show it."""

    access_token: str = ""
    expires_in: float = 30

    def __repr__(self) -> str:
        return f"GrantTokenResponse(expires_in={self.expires_in!r})"


@dataclass(eq=False, repr=False)
class TokenDetailsResponse(BaseResponse):
    """What the caller's own credential is."""

    api_key_id: str | None = None
    accessor: str | None = None
    scopes: list[str] | None = None
    created: str | None = None
    expiration_date: str | None = None


class AsyncAuthRESTClient(AbstractAsyncRestClient):
    """Short-lived tokens, async. What all calls take and raise: `AbstractAsyncRestClient`."""

    async def grant_token(self, ttl_seconds: int | None = None) -> GrantTokenResponse:
        """Make a short-lived token, with a key or another token.

        Args:
            ttl_seconds: how long it lives, 1 to 3600 seconds; None for the server's default, 30.

        Raises:
            ConfigError: `ttl_seconds` is no integer, or out of its range; otherwise, as all calls do.
        """
        if ttl_seconds is None:
            return await self._answer(GrantTokenResponse, to_operation("auth.v1.grant_token"), Call())
        if type(ttl_seconds) is not int or not 1 <= ttl_seconds <= _MAX_TTL_S:
            raise ConfigError(f"ttl_seconds must be an integer between 1 and {_MAX_TTL_S}")
        body = json_body({"ttl_seconds": ttl_seconds})
        return await self._answer(GrantTokenResponse, to_operation("auth.v1.grant_token"), Call(), body)


class AuthRESTClient(AbstractSyncRestClient):
    """Short-lived tokens."""

    _async_class = AsyncAuthRESTClient

    @blocking(AsyncAuthRESTClient.grant_token)
    def grant_token(self) -> None: ...
