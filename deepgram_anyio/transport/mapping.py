"""What other libraries raise, and what servers answer, as this package's errors."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import anyio
import h11
import msgspec
import wsproto.utilities

from ..errors import (
    ApiError,
    ConnectError,
    ConnectionClosed,
    DeepgramError,
    LocalProtocolError,
    RemoteProtocolError,
    api_error,
)
from ..errors import TimeoutError as DeadlineError

__all__ = ["mapped", "refused", "retry_after_s", "translated"]


class _Rule(NamedTuple):
    connecting: type[DeepgramError]
    connected: type[DeepgramError]
    detail: Callable[[Any], str]


def _says(text: str) -> Callable[[BaseException], str]:
    return lambda error: text


def _os_detail(error: OSError) -> str:
    # anyio and asyncio wrap what the system said, and asyncio's own text names addresses instead of the reason.
    inner = error.__cause__
    members = getattr(inner, "exceptions", (inner,))
    reasons = [_os_detail(member) for member in members if isinstance(member, OSError)]
    if reasons:
        return ", ".join(dict.fromkeys(reasons))
    if error.errno:
        return os.strerror(error.errno).lower()
    return str(error) or type(error).__name__


def _tls_detail(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLEOFError):
        return "the peer broke off without ending TLS"
    reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
    return f"TLS failed: {str(reason).replace('_', ' ').lower()}"


def _broken_detail(error: BaseException) -> str:
    inner = error.__cause__
    if isinstance(inner, ssl.SSLError):
        return _tls_detail(inner)
    return _os_detail(inner) if isinstance(inner, OSError) else "the connection broke"


_RULES: Mapping[type[BaseException], _Rule] = {
    TimeoutError: _Rule(DeadlineError, DeadlineError, _says("the deadline passed")),
    OSError: _Rule(ConnectError, ConnectionClosed, _os_detail),
    socket.gaierror: _Rule(ConnectError, ConnectionClosed, _says("host name not found")),
    ssl.SSLError: _Rule(ConnectError, ConnectionClosed, _tls_detail),
    ssl.SSLCertVerificationError: _Rule(
        ConnectError, ConnectionClosed, lambda error: f"TLS certificate not trusted: {error.verify_message}"
    ),
    anyio.BrokenResourceError: _Rule(ConnectError, ConnectionClosed, _broken_detail),
    anyio.ClosedResourceError: _Rule(ConnectError, ConnectionClosed, _says("the connection was closed on this side")),
    anyio.EndOfStream: _Rule(ConnectError, ConnectionClosed, _says("the peer closed the connection")),
    anyio.BusyResourceError: _Rule(LocalProtocolError, LocalProtocolError, _says("another task is doing so already")),
    wsproto.utilities.LocalProtocolError: _Rule(LocalProtocolError, LocalProtocolError, str),
    wsproto.utilities.RemoteProtocolError: _Rule(ConnectError, RemoteProtocolError, str),
    h11.LocalProtocolError: _Rule(LocalProtocolError, LocalProtocolError, _says("not valid in HTTP")),
    h11.RemoteProtocolError: _Rule(ConnectError, RemoteProtocolError, _says("the peer does not speak HTTP")),
}


def translated(error: Exception, doing: str, *, connecting: bool = False) -> DeepgramError | None:
    """Make this package's error of another library's exception; the most specific rule of the table wins.

    Args:
        error: the exception.
        doing: what failed, to follow "could not"; names hosts and ports at most, never credentials or a query.
        connecting: whether the connection was still being made, so that its end is a `ConnectError`.

    Returns:
        The error, for ``raise ... from error``; None when the table has no rule, as for our own errors and for bugs.
    """
    if isinstance(error, DeepgramError):
        return None
    for cls in type(error).__mro__:
        rule = _RULES.get(cls)
        if rule is not None:
            kind = rule.connecting if connecting else rule.connected
            return kind(f"could not {doing}: {rule.detail(error)}")
    return None


@contextmanager
def mapped(doing: str, *, connecting: bool = False) -> Iterator[None]:
    """Raise this package's errors instead of the foreign ones of the body; see `translated`.

    Our own errors, cancellation, and exceptions that the table does not know pass unchanged.
    """
    try:
        yield
    except Exception as error:
        ours = translated(error, doing, connecting=connecting)
        if ours is None:
            raise
        raise ours from error


_CODE = re.compile(r"[A-Z][A-Z0-9]*([_-][A-Z0-9]+)*", re.ASCII)
_MAX_MESSAGE_CHARS = 300


def refused(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """Make the `ApiError` of an HTTP answer that is none of what was asked for.

    Args:
        status: the HTTP status code, 300 to 599.
        headers: the answer's headers with lower-case names; ``dg-error``, ``dg-request-id``, ``location``,
            ``retry-after`` and ``retry-after-ms`` are read.
        body: the answer's body, as much of it as shall be kept: one of the JSON forms, or plain text.
    """
    text = body.decode("utf-8", "replace")
    fields = _json_object(body)
    header = headers.get("dg-error", "").strip()
    code = _string(fields, "err_code", "category")
    if code is None and _CODE.fullmatch(header):
        code, header = header, ""
    message = _redirection(status, headers) or _explanation(fields) or header or (_plain(text) if not fields else "")
    return api_error(
        status,
        message or _phrase(status),
        code=code,
        request_id=headers.get("dg-request-id") or _string(fields, "request_id"),
        body=text,
        retry_after=retry_after_s(headers),
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait: ``retry-after-ms``, else ``retry-after`` (RFC 9110, 10.2.3).

    Args:
        headers: with lower-case names; a date in ``retry-after`` counts from the one in ``date``.

    Returns:
        The delay, not negative; None when the answer asks for none, or in no way that can be read.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,12})?", value):
            return float(value) * unit_s
    try:
        then, now = (parsedate_to_datetime(headers[name]) for name in ("retry-after", "date"))
        return max(0.0, (then - now).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return {}  # plain text, which the caller keeps
    return value if isinstance(value, dict) else {}


def _string(fields: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def _explanation(fields: Mapping[str, Any]) -> str:
    message = _string(fields, "err_msg", "message", "error") or ""
    details = _string(fields, "details")
    return f"{message} ({details})" if message and details else message or details or ""


def _redirection(status: int, headers: Mapping[str, str]) -> str:
    location = headers.get("location")
    if not 300 <= status < 400 or not location:
        return ""
    try:
        parts = urlsplit(location)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "redirected to an address that cannot be read; redirects are not followed"
    origin = f"{parts.scheme}://{host}" if host else ""
    return f"redirected to {origin}{parts.path}; redirects are not followed"


def _plain(text: str) -> str:
    words = " ".join(text.split())
    return "" if words.startswith("<") else words[:_MAX_MESSAGE_CHARS]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "refused"
