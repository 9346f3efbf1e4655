"""Short-lived tokens, and what the caller's credential is: ``/v1/auth``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..protocol.rest.base import make_body
from ..protocol.rest.credentials import GrantedToken, GrantToken, TokenDetails
from ..protocol.rest.operations import operation
from .backend import Backend, CallParams

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Auth", "AuthV1"]


class AuthV1:
    """``/v1/auth``. Calls raise as those of `ManageV1` do."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def grant_token(self, ttl_seconds: float | None = None, **call: Unpack[CallParams]) -> GrantedToken:
        """Make a short-lived token, for ``DeepgramClient(access_token=...)`` in a browser or on a device.

        Args:
            ttl_seconds: how long it lives, in seconds, more than 0 and at most 3600; None for the server's default,
                30. A stream that was opened in time may go on.
            **call: see `CallParams`.

        Returns:
            the token, and how long it lives.

        Raises:
            ConfigError: `ttl_seconds` is no number, or out of its range.
        """
        return await self._backend.call(
            operation("auth.v1.grant_token"),
            call,
            returns=GrantedToken,
            body=make_body(GrantToken, ttl_seconds=ttl_seconds),
        )

    async def token_details(self, **call: Unpack[CallParams]) -> TokenDetails:
        """Get what the caller's own credential is.

        Args:
            **call: see `CallParams`.
        """
        return await self._backend.call(operation("auth.v1.token_details"), call, returns=TokenDetails)


class Auth:
    """Tokens.

    Attributes:
        v1: version 1.
    """

    def __init__(self, backend: Backend) -> None:
        self.v1: AuthV1 = AuthV1(backend)
