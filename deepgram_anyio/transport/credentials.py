"""Who the caller is, for the server, and for nobody else: nothing here ever shows a secret."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from ..errors import ConfigError

__all__ = ["Credentials", "TokenSource"]

TokenSource: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""A short-lived token, or a function, sync or async, that gives one."""


class Credentials:
    """An API key, an access token, a source of tokens, or nothing (self-hosted servers check none)."""

    def __init__(self, *, api_key: str | None = None, access_token: TokenSource | None = None) -> None:
        """
        Args:
            api_key: sent as ``Authorization: Token``.
            access_token: sent as ``Authorization: Bearer``; wins over the key. A function is asked for every
                connection.

        Raises:
            ConfigError: a value that cannot stand in a header.
        """
        self._api_key = None if api_key is None else _checked("api_key", api_key)
        self._access_token = access_token
        if isinstance(access_token, str):
            _checked("access_token", access_token)

    def __bool__(self) -> bool:
        return self._api_key is not None or self._access_token is not None

    def __repr__(self) -> str:
        kind = "token" if self._access_token is not None else "key" if self._api_key is not None else "none"
        return f"<Credentials {kind}>"

    async def authorization(self) -> str | None:
        """Return the value of the ``Authorization`` header; None when there is nothing to say.

        Raises:
            ConfigError: the token function gave something else than a token.
        """
        token = self._access_token
        if token is None:
            return f"Token {self._api_key}" if self._api_key is not None else None
        if callable(token):
            given = token()
            token = await given if inspect.isawaitable(given) else given
        return f"Bearer {_checked('access_token', token)}"


def _checked(name: str, value: object) -> str:
    # The value itself never goes into the message.
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be a string, not {type(value).__name__}")
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigError(f"{name} is empty or has characters that no credential has (line breaks, spaces, quotes?)")
    return value
