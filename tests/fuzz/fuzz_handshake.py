"""Any bytes as the answer to the opening handshake: accepted, or one of two errors, the same however they are cut."""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple
from unittest import mock

from deepgram_anyio.errors import ApiError, ConnectError
from deepgram_anyio.transport import handshake as module
from deepgram_anyio.transport.handshake import ClientHandshake

from .pieces import MAX_INPUT_BYTES, cut

__all__ = ["SEEDS", "check"]

SECRET = "Token 0123456789abcdef"
KEY = base64.b64encode(bytes(16))
ACCEPT = base64.b64encode(hashlib.sha1(KEY + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())

_SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + ACCEPT
)
SEEDS = [
    b"\x00" + _SWITCH + b"\r\n\r\n",
    b"\x01HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + _SWITCH + b"\r\ndg-request-id: abc\r\n\r\n\x81\x05Hello",
    b"\x07" + _SWITCH + b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
    b"\x05HTTP/1.1 401 Unauthorized\r\nContent-Length: 12\r\ndg-error: no\r\n\r\nBad language",
    b"\x02HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nBad \r\n8\r\nlanguage\r\n0\r\nX: y\r\n\r\n",
    b"\x00HTTP/1.0 302 Found\r\nLocation: https://user:pw@host/?x\r\nX: a\r\n b\r\n\r\n",
    b'\x03HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nX: y\r\n\r\n{"err_code": "X", "err_msg": "Y"}',
]


class Outcome(NamedTuple):
    error: str
    status: int | None
    headers: dict[str, str]
    body: bytes
    rest: bytes


def check(data: bytes) -> None:
    """The first byte chooses the cut; the others are the answer."""
    if not data or len(data) > MAX_INPUT_BYTES:
        return
    assert _run(data[1:], data[0]) == _run(data[1:], 0)


def _run(answer: bytes, step: int) -> Outcome:
    with mock.patch.object(module, "generate_nonce", return_value=KEY):
        handshake = ClientHandshake(authority="example.com", target="/", headers={"Authorization": SECRET})
    exchange = handshake.exchange
    pieces = list(cut(answer, step))
    error = ""
    try:
        while pieces and not exchange.complete:
            exchange.receive(pieces.pop(0))
        if not exchange.complete:
            exchange.receive(b"")
        handshake.check()
    except (ApiError, ConnectError) as caught:
        error = f"{type(caught).__name__}: {caught}"
    else:
        assert exchange.status == 101
    assert SECRET not in error
    assert len(exchange.body) <= 64 * 1024
    rest = exchange.trailing + b"".join(pieces) if not error else b""
    return Outcome(error, exchange.status, dict(exchange.headers), exchange.body, rest)
