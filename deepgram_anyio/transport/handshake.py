"""The HTTP/1.1 half of a connection without I/O: one request, one answer, and the WebSocket opening handshake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import h11
from wsproto.utilities import generate_accept_token, generate_nonce

from ..errors import ApiError, ConnectError
from .headers import HeaderSource, checked_headers
from .mapping import refused

__all__ = ["ClientHandshake", "Exchange"]

_MAX_HEAD_BYTES = 64 * 1024
_MAX_BODY_BYTES = 64 * 1024


class Exchange:
    """One request and the answer to it, which may end HTTP on the connection (101, or 2xx to a CONNECT).

    Attributes:
        request: the bytes to send.
        status: the answer's status; None until its head has come. Interim answers (1xx) are passed over.
        version: the answer's HTTP version, such as "1.1"; empty until its head has come.
        headers: the answer's headers with lower-case names; values of repeated ones are joined by ", ".
        body: as much of the answer's body as has come, cut off after 64 KiB.
        complete: whether there is nothing more to receive.
        trailing: what came after an answer that ended HTTP; it belongs to the next protocol.
    """

    def __init__(self, method: str, target: str, headers: Iterable[tuple[str, str]]) -> None:
        self.status: int | None = None
        self.version: str = ""
        self.headers: Mapping[str, str] = MappingProxyType({})
        self.body: bytes = b""
        self.complete: bool = False
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._head_bytes = 0
        raw_headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
        request = h11.Request(method=method, target=target, headers=raw_headers)
        self.request: bytes = b"".join(self._http.send(event) or b"" for event in (request, h11.EndOfMessage()))

    @property
    def trailing(self) -> bytes:
        return self._http.trailing_data[0]

    def receive(self, data: bytes) -> None:
        """Take one network read; empty means that the peer closed its end.

        Raises:
            ConnectError: the answer is not HTTP, its head is too long, or it ended within its head.
        """
        if self.complete:
            return
        if self.status is None:
            self._count_head(data)
        try:
            self._http.receive_data(data)
            while (event := self._http.next_event()) is not h11.NEED_DATA:
                self._take(event)
                if self.complete:
                    break
        except h11.RemoteProtocolError:
            self.complete = True
            if self.status is None:
                # No cause: h11 quotes what it could not read, and a peer that echoes would quote our credentials.
                raise ConnectError("the peer does not answer in HTTP") from None
        if self.status is None and self._head_bytes > _MAX_HEAD_BYTES:
            raise ConnectError(f"the peer's answer has more than {_MAX_HEAD_BYTES} bytes of headers")

    def _count_head(self, data: bytes) -> None:
        if not data:
            raise ConnectError("the peer closed the connection instead of answering")
        self._head_bytes += len(data)

    def _take(self, event: object) -> None:
        if isinstance(event, (h11.Response, h11.InformationalResponse)):
            if event.status_code < 200 and event.status_code != 101:
                return
            self.status = event.status_code
            self.version = event.http_version.decode("ascii")
            self.headers = MappingProxyType(_joined(event.headers))
        elif isinstance(event, h11.Data):
            self.body = (self.body + event.data)[:_MAX_BODY_BYTES]
            self.complete = len(self.body) == _MAX_BODY_BYTES
        else:
            self.complete = True  # the end of the message, of the connection, or of HTTP on it


class ClientHandshake:
    """The client's side of the opening handshake (RFC 6455, section 4), offering no extensions.

    Attributes:
        exchange: the request to send, and where to put the answer.

    Args:
        authority: the Host header: host, and port when it is not the scheme's own.
        target: path and query.
        headers: more request headers; those of the handshake itself are refused, but ``Sec-WebSocket-Protocol`` may ask
            for subprotocols.

    Raises:
        ConfigError: a header is not valid. The text shows no values.
    """

    def __init__(self, *, authority: str, target: str, headers: HeaderSource | None = None) -> None:
        extra = checked_headers(headers, reserved=_OWN_HEADERS)
        key = generate_nonce()
        self._accept = generate_accept_token(key).decode("ascii")
        self._subprotocols = {
            protocol for name, value in extra if name.lower() == "sec-websocket-protocol" for protocol in _items(value)
        }
        own = [
            ("Host", authority),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", key.decode("ascii")),
            ("Sec-WebSocket-Version", "13"),
        ]
        self.exchange: Exchange = Exchange("GET", target, own + extra)

    def check(self) -> None:
        """Return when the answer switched to WebSocket.

        Raises:
            ApiError: it is a refusal, or a redirection.
            ConnectError: it is neither, or not what RFC 6455 asks for.
        """
        status, headers = self.exchange.status, self.exchange.headers
        assert status is not None, "the answer has not come yet"
        if status >= 300:
            raise self._refusal(status)
        if status != 101:
            raise ConnectError(f"the peer is not a WebSocket server: it answered with HTTP {status}")
        if self.exchange.version != "1.1":
            raise ConnectError(f"the peer switched protocols in HTTP/{self.exchange.version}, which cannot do that")
        if "websocket" not in _items(headers.get("upgrade", "").lower()):
            raise ConnectError("the peer switched to another protocol than WebSocket")
        if "upgrade" not in _items(headers.get("connection", "").lower()):
            raise ConnectError("the peer's answer lacks the header Connection: Upgrade")
        if headers.get("sec-websocket-accept") != self._accept:
            raise ConnectError("the peer's Sec-WebSocket-Accept does not fit the key")
        if headers.get("sec-websocket-extensions"):
            raise ConnectError("the peer chose a WebSocket extension that was not offered")
        if "sec-websocket-protocol" in headers and headers["sec-websocket-protocol"] not in self._subprotocols:
            raise ConnectError("the peer chose a subprotocol that was not asked for")

    def _refusal(self, status: int) -> ApiError:
        return refused(status, self.exchange.headers, self.exchange.body)


_OWN_HEADERS = frozenset(
    {"host", "upgrade", "connection", "content-length", "transfer-encoding"}
    | {f"sec-websocket-{name}" for name in ("key", "version", "accept", "extensions")}
)


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",")]


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
