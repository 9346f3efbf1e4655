"""Foreign exceptions to ours."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Any

import anyio
import h11
import pytest
import wsproto.utilities

from deepgram_anyio import errors
from deepgram_anyio.errors import RateLimitError
from deepgram_anyio.transport.mapping import mapped, refused, retry_after_s, translated


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


class UnheardError(ConnectionResetError):
    """A subclass that no table knows."""


ROWS: list[tuple[Exception, type[Exception], type[Exception], str]] = [
    (TimeoutError(), errors.TimeoutError, errors.TimeoutError, "deadline"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "x"), errors.ConnectError, errors.ConnectionClosed, "refused"),
    (UnheardError(errno.ECONNRESET, "x"), errors.ConnectError, errors.ConnectionClosed, "reset by peer"),
    (OSError("odd"), errors.ConnectError, errors.ConnectionClosed, "odd"),
    (OSError(), errors.ConnectError, errors.ConnectionClosed, "OSError"),
    (socket.gaierror(socket.EAI_NONAME, "x"), errors.ConnectError, errors.ConnectionClosed, "host name not found"),
    (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] x"), errors.ConnectError, errors.ConnectionClosed, "TLS failed"),
    (anyio.BrokenResourceError(), errors.ConnectError, errors.ConnectionClosed, "broke"),
    (
        caused(anyio.BrokenResourceError(), ConnectionResetError(errno.ECONNRESET, "x")),
        errors.ConnectError,
        errors.ConnectionClosed,
        "reset by peer",
    ),
    (
        caused(anyio.BrokenResourceError(), ssl.SSLError(1, "bad mac")),
        errors.ConnectError,
        errors.ConnectionClosed,
        "TLS failed: bad mac",
    ),
    (anyio.ClosedResourceError(), errors.ConnectError, errors.ConnectionClosed, "on this side"),
    (anyio.EndOfStream(), errors.ConnectError, errors.ConnectionClosed, "peer closed"),
    (anyio.BusyResourceError("reading"), errors.LocalProtocolError, errors.LocalProtocolError, "another task"),
    (wsproto.utilities.LocalProtocolError("no"), errors.LocalProtocolError, errors.LocalProtocolError, "no"),
    (wsproto.utilities.RemoteProtocolError("no"), errors.ConnectError, errors.RemoteProtocolError, "no"),
    (h11.LocalProtocolError("secret"), errors.LocalProtocolError, errors.LocalProtocolError, "not valid"),
    (h11.RemoteProtocolError("secret"), errors.ConnectError, errors.RemoteProtocolError, "does not speak HTTP"),
]


@pytest.mark.parametrize(("foreign", "connecting", "connected", "text"), ROWS)
def test_table(foreign: Exception, connecting: type[Exception], connected: type[Exception], text: str) -> None:
    for kind, early in ((connecting, True), (connected, False)):
        with pytest.raises(kind, match=text) as caught, mapped("reach example.com:443", connecting=early):
            raise foreign
        assert type(caught.value) is kind
        assert str(caught.value).startswith("could not reach example.com:443: ")
        assert caught.value.__cause__ is foreign
        assert "secret" not in str(caught.value)


def test_reasons_behind_several_failed_addresses_are_told_once() -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 1)")
    unreachable = OSError(errno.ENETUNREACH, "x")

    class Several(Exception):  # noqa: N818 - stands for an exception group, which Python 3.10 lacks
        exceptions = (refused, refused, unreachable)

    ours = translated(caused(OSError("All connection attempts failed"), Several()), "connect", connecting=True)
    assert str(ours) == "could not connect: connection refused, network is unreachable"


@pytest.mark.parametrize(
    "error", [errors.ConfigError("x"), errors.ConnectionClosed(code=1011), ZeroDivisionError(), KeyboardInterrupt()]
)
def test_our_own_errors_bugs_and_interrupts_pass_unchanged(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, mapped("do something"):
        raise error
    assert caught.value is error
    assert error.__cause__ is None


@pytest.mark.anyio
async def test_cancellation_passes_unchanged() -> None:
    seen: list[Any] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        try:
            with mapped("wait"):
                await anyio.sleep_forever()
        except BaseException as error:
            seen.append(type(error))
            raise
    assert seen == [anyio.get_cancelled_exc_class()]


@pytest.mark.anyio
async def test_a_deadline_around_foreign_code_is_our_timeout() -> None:
    with pytest.raises(errors.TimeoutError, match="could not wait"), mapped("wait"), anyio.fail_after(0):
        await anyio.sleep_forever()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": " 120 "}, 120.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "20", "retry-after": "3"}, 0.02),
        ({"retry-after-ms": "never", "retry-after": "3"}, 3.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:05 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 5.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:28:05 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:05 -0000", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "9" * 400}, None),
        ({}, None),
    ],
)
def test_how_long_the_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds
    error = refused(429, headers, b"")
    assert isinstance(error, RateLimitError)
    assert error.retry_after == seconds
