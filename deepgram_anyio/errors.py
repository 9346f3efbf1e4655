"""The one tree of errors that this package raises.

Every error derives from `DeepgramError`. None of them ever holds a credential: request headers are not kept, and
messages are built from what the server sent or from what went wrong locally.

```
DeepgramError
├─ ConfigError(ValueError)       options or credentials that cannot work; raised before any I/O
├─ ApiError                      HTTP answer or refused handshake
│   ├─ BadRequestError 400  AuthenticationError 401  PaymentRequiredError 402  PermissionDeniedError 403
│   └─ NotFoundError 404  PayloadTooLargeError 413  RateLimitError 429  ServerError 5xx
├─ TransportError
│   ├─ ConnectError   TimeoutError
│   └─ ConnectionClosed
└─ ProtocolError
    ├─ LocalProtocolError
    └─ RemoteProtocolError
```
"""

from __future__ import annotations

import builtins
from typing import Any

__all__ = [
    "ApiError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigError",
    "ConnectError",
    "ConnectionClosed",
    "DeepgramError",
    "LocalProtocolError",
    "NotFoundError",
    "PayloadTooLargeError",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimitError",
    "RemoteProtocolError",
    "ServerError",
    "TimeoutError",
    "TransportError",
    "api_error",
]


class DeepgramError(Exception):
    """Base of every error that this package raises."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only constructors do not survive pickle's default, and errors do cross process borders (worker pools).
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(cls: type[DeepgramError], args: tuple[Any, ...], state: dict[str, Any]) -> DeepgramError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


class ConfigError(DeepgramError, ValueError):
    """Options, sources or credentials that cannot work. Raised before any network I/O."""


class ApiError(DeepgramError):
    """The server answered with an HTTP error: to a REST call, or to a WebSocket handshake.

    Attributes:
        status: the HTTP status code.
        code: the server's short code, such as ``INVALID_AUTH``; None when it sent none.
        message: the server's explanation, for a person.
        request_id: the ``dg-request-id`` of the answer, to quote to support; None when there was none.
        body: the answer's body as text, cut off after 64 KiB.
        retryable: whether the same request may succeed later (408, 429 and 5xx).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str | None = None,
        request_id: str | None = None,
        body: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.request_id = request_id
        self.body = body

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in (408, 429) or self.status >= 500

    def __str__(self) -> str:
        details = [f"HTTP {self.status}"]
        if self.code:
            details.append(self.code)
        if self.request_id:
            details.append(f"request {self.request_id}")
        return f"{self.message} ({', '.join(details)})"


class BadRequestError(ApiError):
    """400: a parameter or the body was refused."""


class AuthenticationError(ApiError):
    """401: the credential is missing, wrong or expired."""


class PaymentRequiredError(ApiError):
    """402: the project has no credit left."""


class PermissionDeniedError(ApiError):
    """403: the credential lacks a scope, or the model is not open to the project."""


class NotFoundError(ApiError):
    """404: no such route or resource."""


class PayloadTooLargeError(ApiError):
    """413: the body is larger than the server takes."""


class RateLimitError(ApiError):
    """429: too many requests at once.

    Attributes:
        retry_after: seconds to wait, as the server said; None when it did not.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 429,
        code: str | None = None,
        request_id: str | None = None,
        body: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status=status, code=code, request_id=request_id, body=body)
        self.retry_after = retry_after


class ServerError(ApiError):
    """5xx: the server failed."""


class TransportError(DeepgramError):
    """The network, or the peer at its other end, failed."""


class ConnectError(TransportError):
    """No connection could be made: name not found, refused, TLS not trusted, or not a WebSocket server."""


class TimeoutError(TransportError, builtins.TimeoutError):  # noqa: A001 - the field's own name; the root exports an alias
    """A deadline passed: to connect, to hand audio to the peer, to hear from it, or to close."""


class ConnectionClosed(TransportError):
    """The connection ended before the stream had ended in good order.

    Attributes:
        code: the WebSocket close code (RFC 6455, section 7.4); 1006 when the connection broke without a close frame.
        reason: the peer's reason, often a Deepgram code such as ``NET-0001``; empty when it gave none.
        request_id: the stream's ``dg-request-id``; None when the server sent none.
        lost_audio_s: seconds of audio that ``send`` accepted and no final result covers; None when the format does not
            tell.
        unsent: bytes that ``send`` accepted and that were not handed to the network.
    """

    def __init__(
        self,
        message: str | None = None,
        *,
        code: int = 1006,
        reason: str = "",
        request_id: str | None = None,
        lost_audio_s: float | None = None,
        unsent: int = 0,
    ) -> None:
        super().__init__(message or f"connection closed with code {code}")
        self.code = code
        self.reason = reason
        self.request_id = request_id
        self.lost_audio_s = lost_audio_s
        self.unsent = unsent

    def __str__(self) -> str:
        text = str(self.args[0])
        if self.reason:
            text += f": {self.reason}"
        if self.lost_audio_s:
            text += f"; {self.lost_audio_s:.2f} s of audio without a final result"
        if self.request_id:
            text += f" (request {self.request_id})"
        return text


class ProtocolError(DeepgramError):
    """A message came at a time, or in a form, that the protocol does not allow."""


class LocalProtocolError(ProtocolError):
    """This side asked for what the protocol does not allow now; nothing was sent and nothing changed."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol; the connection cannot go on."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: PaymentRequiredError,
    403: PermissionDeniedError,
    404: NotFoundError,
    413: PayloadTooLargeError,
    429: RateLimitError,
}


def api_error(
    status: int,
    message: str,
    *,
    code: str | None = None,
    request_id: str | None = None,
    body: str = "",
    retry_after: float | None = None,
) -> ApiError:
    """Make the `ApiError` subclass that fits an HTTP status.

    Args:
        status: the HTTP status code, 300 to 599.
        message: what the server said.
        code: the server's short code, if any.
        request_id: the ``dg-request-id``, if any.
        body: the body as text.
        retry_after: seconds to wait, if the server said; kept by a `RateLimitError` alone.

    Returns:
        the error, to be raised.
    """
    cls = _BY_STATUS.get(status, ServerError if status >= 500 else ApiError)
    if cls is RateLimitError:
        return RateLimitError(
            message, status=status, code=code, request_id=request_id, body=body, retry_after=retry_after
        )
    return cls(message, status=status, code=code, request_id=request_id, body=body)
