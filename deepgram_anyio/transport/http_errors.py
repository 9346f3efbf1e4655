"""What httpx raises, as this package's errors."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx

from ..errors import (
    ApiError,
    ConfigError,
    ConnectError,
    ConnectionClosed,
    DeepgramError,
    LocalProtocolError,
)
from ..errors import TimeoutError as DeadlineError
from .mapping import translated

__all__ = ["is_final", "is_unsent", "translated_http"]

_TABLE: dict[type[Exception], tuple[type[DeepgramError], str]] = {
    httpx.ConnectTimeout: (DeadlineError, "the server could not be reached within Timeouts.connect_s"),
    httpx.WriteTimeout: (DeadlineError, "the server took no data within Timeouts.send_s"),
    httpx.ReadTimeout: (DeadlineError, "the server sent nothing within Timeouts.read_s"),
    httpx.PoolTimeout: (DeadlineError, "no connection of the pool became free within Timeouts.pool_s"),
    httpx.ConnectError: (ConnectError, "the server could not be reached"),
    httpx.ProxyError: (ConnectError, "the proxy refused"),
    httpx.UnsupportedProtocol: (ConfigError, "the URL cannot be used"),
    httpx.InvalidURL: (ConfigError, "the URL cannot be used"),
    httpx.LocalProtocolError: (LocalProtocolError, "not valid in HTTP; a header?"),
    httpx.RemoteProtocolError: (ConnectionClosed, "the server broke off, or does not speak HTTP"),
    httpx.NetworkError: (ConnectionClosed, "the connection broke"),
}


def translated_http(error: httpx.HTTPError | httpx.InvalidURL, doing: str) -> DeepgramError:
    """Make this package's error of one of httpx's.

    Args:
        error: the exception; what the system said is found among its causes.
        doing: what failed, to follow "could not"; holds no credentials and no query.

    Returns:
        The error, for ``raise ... from error``.
    """
    kind, text = next((_TABLE[cls] for cls in type(error).__mro__ if cls in _TABLE), (ConnectionClosed, "it failed"))
    if issubclass(kind, (ConnectError, ConnectionClosed)):
        for cause in _causes(error):
            ours = translated(cause, doing, connecting=kind is ConnectError)
            # Only the system knows more than httpx; the libraries between them call everything "broken".
            if isinstance(cause, OSError) and ours is not None:
                return ours
    return kind(f"could not {doing}: {text}")


def is_unsent(error: Exception) -> bool:
    """Whether the request cannot have reached the server."""
    return isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError))


def is_final(error: DeepgramError) -> bool:
    """Whether no connection can be made until somebody changes something: a certificate, or a proxy's password.

    Asking a proxy again with a wrong password can also lock the account.
    """
    if isinstance(error, ConfigError):
        return True
    cause = error.__cause__
    if isinstance(cause, ApiError):
        return not cause.retryable
    return isinstance(cause, (PermissionError, ssl.SSLError))


def _causes(error: BaseException) -> Iterator[Exception]:
    cause = error.__cause__ or error.__context__
    for _ in range(10):
        if not isinstance(cause, Exception):
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
