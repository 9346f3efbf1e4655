"""The HTTP half without a socket: requests, answers, refusals, and everything that is not HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepgram_anyio.errors import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ConnectError,
    RateLimitError,
    ServerError,
)
from deepgram_anyio.transport.handshake import ClientHandshake, Exchange
from deepgram_anyio.transport.mapping import refused

SECRET = "Token 0123456789abcdef"


def handshake(headers: dict[str, str] | list[tuple[str, str]] | None = None) -> ClientHandshake:
    return ClientHandshake(authority="example.com:8080", target="/v1/listen?model=nova-3", headers=headers)


def accept_of(client: ClientHandshake) -> str:
    key = re.search(rb"(?i)sec-websocket-key: (\S+)\r\n", client.exchange.request)
    assert key is not None
    return base64.b64encode(hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()


def switching(client: ClientHandshake, **changes: str | None) -> bytes:
    headers: dict[str, str | None] = {
        "Upgrade": "WebSocket",
        "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Accept": accept_of(client),
    }
    headers.update({name.replace("_", "-"): value for name, value in changes.items()})
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if value is not None]
    return ("HTTP/1.1 101 Switching Protocols\r\n" + "".join(lines) + "\r\n").encode()


def answered(client: ClientHandshake, answer: bytes, *, end: bool = True) -> ClientHandshake:
    client.exchange.receive(answer)
    if end:
        client.exchange.receive(b"")
    return client


def test_the_request() -> None:
    request = handshake({"Authorization": SECRET, "X-Empty": ""}).exchange.request
    lines = request.decode().split("\r\n")
    assert lines[0] == "GET /v1/listen?model=nova-3 HTTP/1.1"
    assert lines[1] == "Host: example.com:8080"
    assert f"Authorization: {SECRET}" in lines
    assert "Sec-WebSocket-Version: 13" in lines
    assert lines[-2:] == ["", ""]
    assert "extensions" not in request.decode().lower()


def test_every_request_has_its_own_key() -> None:
    assert len({accept_of(handshake()) for _ in range(5)}) == 5


@given(st.binary(max_size=40), st.data())
@settings(max_examples=50)
def test_accepted_however_it_is_cut_and_trailing_bytes_are_kept(frames: bytes, draws: st.DataObject) -> None:
    client = handshake()
    answer = b"HTTP/1.1 103 Early Hints\r\n\r\n" + switching(client, dg_request_id="abc") + frames
    cut = draws.draw(st.integers(1, len(answer) - len(frames) - 1))
    client.exchange.receive(answer[:cut])
    client.exchange.receive(answer[cut:])
    assert client.exchange.complete
    client.check()
    assert client.exchange.trailing == frames
    assert client.exchange.headers["dg-request-id"] == "abc"


def test_asked_for_subprotocol() -> None:
    client = handshake({"sec-websocket-protocol": "token, 0123"})
    answered(client, switching(client, Sec_WebSocket_Protocol="token"), end=False).check()


@pytest.mark.parametrize(
    "changes",
    [
        {"Upgrade": None},
        {"Upgrade": "h2c"},
        {"Connection": None},
        {"Connection": "close"},
        {"Sec_WebSocket_Accept": None},
        {"Sec_WebSocket_Accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"Sec_WebSocket_Extensions": "permessage-deflate"},
        {"Sec_WebSocket_Protocol": "chat"},
    ],
)
def test_half_hearted_acceptance_is_refused(changes: dict[str, str | None]) -> None:
    client = handshake({"Authorization": SECRET})
    answered(client, switching(client, **changes), end=False)
    with pytest.raises(ConnectError) as caught:
        client.check()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("version", ["0.9", "1.0", "2.0"])
def test_only_http_1_1_can_switch_protocols(version: str) -> None:
    client = handshake()
    answered(client, switching(client).replace(b"HTTP/1.1", f"HTTP/{version}".encode()), end=False)
    with pytest.raises(ConnectError, match=version):
        client.check()


def test_a_refusal_in_http_1_0_is_a_refusal() -> None:
    with pytest.raises(BadRequestError, match="no"):
        answered(handshake(), b"HTTP/1.0 400 Bad Request\r\n\r\nno").check()


@pytest.mark.parametrize(
    "lines",
    [
        b"X-Note: a\r\n  b\r\n",
        b"X-Note:\r\n\ta b\r\n",
    ],
)
def test_folded_headers_are_one_line(lines: bytes) -> None:
    client = handshake()
    answered(client, switching(client)[:-2] + lines + b"\r\n", end=False).check()
    assert client.exchange.headers["x-note"].split() == ["a", "b"]


@pytest.mark.parametrize(
    "lines",
    [
        b"X-Note : a\r\n",
        b" X-Note: a\r\n",
        b"X-Note: a\0b\r\n",
        b"X-N\xc3\xb6te: a\r\n",
        b": a\r\n",
        b"X-Note: a\rb\r\n",
    ],
)
def test_headers_that_are_none(lines: bytes) -> None:
    client = handshake()
    accepting = switching(client)
    end_of_status = accepting.index(b"\r\n") + 2
    with pytest.raises(ConnectError):
        answered(client, accepting[:end_of_status] + lines + accepting[end_of_status:])


def test_a_second_accept_header_is_refused() -> None:
    client = handshake()
    answered(client, switching(client)[:-2] + f"Sec-WebSocket-Accept: {accept_of(client)}\r\n\r\n".encode(), end=False)
    with pytest.raises(ConnectError, match="Accept"):
        client.check()


def test_an_ordinary_web_page_is_no_websocket_server() -> None:
    client = answered(handshake(), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    with pytest.raises(ConnectError, match="200"):
        client.check()


REFUSAL_BODIES = {
    "content-length": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 12\r\n\r\nBad language",
    "chunked": b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nBad \r\n8\r\nlanguage\r\n0\r\n\r\n",
    "until the end": b"HTTP/1.1 400 Bad Request\r\n\r\nBad language",
    "cut off": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 99\r\n\r\nBad language",
}


@pytest.mark.parametrize("answer", REFUSAL_BODIES.values(), ids=REFUSAL_BODIES.keys())
@pytest.mark.parametrize("step", [1, 1000])
def test_refusal_with_a_body(answer: bytes, step: int) -> None:
    client = handshake({"Authorization": SECRET})
    for start in range(0, len(answer), step):
        client.exchange.receive(answer[start : start + step])
    answered(client, b"")
    with pytest.raises(BadRequestError, match="Bad language") as caught:
        client.check()
    assert caught.value.body == "Bad language"
    assert caught.value.status == 400


def test_refusal_with_an_endless_body_is_cut() -> None:
    client = handshake()
    client.exchange.receive(b"HTTP/1.1 500 Oops\r\n\r\n")
    for _ in range(100):
        client.exchange.receive(b"x" * 1000)
    assert client.exchange.complete
    with pytest.raises(ServerError) as caught:
        client.check()
    assert len(caught.value.body) == 65536


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 101 Swi",
        b"\x15\x03\x01\x00\x02\x02",
        b"220 mail.example.com ESMTP\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBroken Header: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_connect_error(answer: bytes) -> None:
    with pytest.raises(ConnectError):
        answered(handshake(), answer)


@pytest.mark.parametrize("piece", [b"HTTP/1.1 103 Hints\r\n\r\n", b"X-Endless: header\r\n", b"x"])
def test_an_endless_head_is_not_collected(piece: bytes) -> None:
    exchange = handshake().exchange
    if not piece.startswith(b"HTTP"):
        exchange.receive(b"HTTP/1.1 200 OK\r\nA: ")
    with pytest.raises(ConnectError):
        for _ in range(80):
            exchange.receive(piece * (1024 // len(piece)))


def test_an_echo_server_does_not_bring_the_credentials_into_the_error() -> None:
    client = handshake({"Authorization": SECRET})
    with pytest.raises(ConnectError) as caught:
        client.exchange.receive(client.exchange.request)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", f"{SECRET}\r\nX-Injected: 1"),
        ("Authorization", f"{SECRET}\n"),
        ("Authorization", f"{SECRET}\0"),
        ("Authorization", f" {SECRET}"),
        ("Authorization", f"{SECRET}\N{EURO SIGN}"),
        ("Authorization", SECRET.encode()),
        (f"Authorization: {SECRET}", "x"),
        ("", "x"),
        ("X\r\nY", "x"),
        ("Ünicode", "x"),
        ("Host", "elsewhere"),
        ("Sec-WebSocket-Key", "x"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("Transfer-Encoding", "chunked"),
    ],
)
def test_headers_that_cannot_be_sent(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        handshake([("X-Fine", "1"), (name, value)])
    assert "0123456789abcdef" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "headers", ["X: y", b"X: y", 3, True, [1], [("X",)], [("X", "y", "z")], ["X: y"], [None]], ids=repr
)
def test_what_are_no_headers(headers: Any) -> None:
    with pytest.raises(ConfigError, match="mapping, or pairs"):
        handshake(headers)


@pytest.mark.parametrize("headers", [{1: "x"}, {"X": 1}, {"X": None}, {None: None}, [(b"X", b"y")]], ids=repr)
def test_headers_that_are_no_text(headers: Any) -> None:
    with pytest.raises(ConfigError):
        handshake(headers)


def test_latin_1_header_values() -> None:
    assert "X-Name: grüß".encode("latin-1") in handshake({"X-Name": "grüß"}).exchange.request


def test_connect_ends_http() -> None:
    exchange = Exchange("CONNECT", "example.com:443", [("Host", "example.com:443")])
    assert exchange.request.startswith(b"CONNECT example.com:443 HTTP/1.1\r\n")
    exchange.receive(b"HTTP/1.1 200 Connection established\r\nX: 1\r\n\r\nmore")
    assert (exchange.status, exchange.complete, exchange.trailing) == (200, True, b"more")
    exchange.receive(b"ignored")


def refusal(status: int = 400, body: object = b"", **headers: str) -> ApiError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return refused(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def test_refusal_in_the_old_json_form() -> None:
    error = refusal(401, {"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials.", "request_id": "body-id"})
    assert isinstance(error, AuthenticationError)
    assert (error.code, error.message, error.request_id) == ("INVALID_AUTH", "Invalid credentials.", "body-id")


def test_refusal_in_the_new_json_form() -> None:
    body = {"category": "INVALID_JSON", "message": "Bad body.", "details": "line 1", "request_id": "body-id"}
    error = refusal(400, body, dg_request_id="header-id", dg_error="Bad body.")
    assert (error.code, error.message, error.request_id) == ("INVALID_JSON", "Bad body. (line 1)", "header-id")


def test_refusal_by_headers_alone() -> None:
    error = refusal(429, dg_error="Too many requests", dg_request_id="id", retry_after="7")
    assert isinstance(error, RateLimitError)
    assert (error.message, error.code, error.retry_after) == ("Too many requests", None, 7.0)
    assert refusal(400, b"explained", dg_error="NET-0001").code == "NET-0001"
    assert refusal(400, b"explained", dg_error="NET-0001").message == "explained"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "no"}, "no"),
        ({"details": "only"}, "only"),
        ({"unknown": 1}, "Bad Request"),
        ({"err_msg": ["not", "text"]}, "Bad Request"),
        (b"  plain\n text ", "plain text"),
        (b"<html><body>400</body></html>", "Bad Request"),
        (b"[1, 2]", "[1, 2]"),
        (b"\xff\xfe", "��"),
        (b'{"err_code": "X", "\xffrr_msg": "Y"}', '{"err_code": "X", "�rr_msg": "Y"}'),
        (b"", "Bad Request"),
        (b"[" * 100_000, "[" * 300),
    ],
)
def test_other_refusals(body: object, message: str) -> None:
    assert refusal(400, body).message == message


def test_unknown_status() -> None:
    assert refusal(599).message == "refused"


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://user:pw@other.example/v2?token=s3cret#x", "https://other.example/v2"),
        ("/v2/listen?token=s3cret", "/v2/listen"),
        ("http://[", "cannot be read"),
    ],
)
def test_redirections_are_shown_without_their_query(location: str, shown: str) -> None:
    error = refusal(302, b"moved", location=location)
    assert shown in error.message
    assert "not followed" in error.message
    assert "s3cret" not in str(error)
    assert "pw" not in str(error)
