"""Cases 7 of the Autobahn suite: the closing handshake, close codes and reasons."""

from __future__ import annotations

from collections.abc import Iterator

from deepgram_anyio.protocol.frames import Text

from ..peers import wire
from .judge import BYE, CLOSE, CONTINUATION, PING, TEXT, Case, broken, close_wire, polite

__all__ = ["CASES"]

VALID_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
INVALID_CODES = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999]
UNDEFINED_CODES = [5000, 65535]


def _order() -> Iterator[Case]:
    hello, ping = wire(TEXT, b"Hello World!"), wire(PING)
    yield polite("7.1.1", "text, then close", hello, answers=[Text("Hello World!")])
    yield broken("7.1.2", "two closes", BYE, wire(CLOSE), code=1000)
    yield broken("7.1.3", "ping after close", BYE, ping, code=1000)
    yield broken("7.1.4", "text after close", BYE, hello, code=1000)
    fragments = wire(TEXT, b"fragment1", fin=False), wire(CONTINUATION, b"fragment2")
    yield broken("7.1.5", "close between fragments", fragments[0], BYE, fragments[1], code=1000)
    # The suite takes note of whether the echoes come, and asks for nothing.
    long = "BAsd7&jh23" * 26215
    answers = [Text(long[:262144]), Text("Hello World!")]
    sent = wire(TEXT, long[:262144].encode()) + hello + BYE + ping
    yield broken("7.1.6", "text of 256 KiB, text, close, ping", sent, code=1000, answers=answers, strict=False)


def _payloads() -> Iterator[Case]:
    yield broken("7.3.1", "empty close", wire(CLOSE), code=1005)
    yield broken("7.3.2", "close with half a code", wire(CLOSE, b"a"))
    yield broken("7.3.3", "close with a code", BYE, code=1000)
    yield broken("7.3.4", "close with a reason", close_wire(1000, b"Hello World!"), code=1000)
    yield broken("7.3.5", "close with the longest reason", close_wire(1000, b"*" * 123), code=1000)
    yield broken("7.3.6", "close with a reason that is too long", close_wire(1000, b"*" * 124))
    reason = "\u03ba\u1f79\u03c3\u03bc\u03b5".encode() + b"\xed\xa0\x80edited"
    yield broken("7.5.1", "reason that is not UTF-8", close_wire(1000, reason), code=1007)


def _codes() -> Iterator[Case]:
    for number, code in enumerate(VALID_CODES, 1):
        yield broken(f"7.7.{number}", f"valid code {code}", close_wire(code), code=code)
    for number, code in enumerate(INVALID_CODES, 1):
        yield broken(f"7.9.{number}", f"invalid code {code}", close_wire(code))
    # The suite takes note of what comes.
    for number, code in enumerate(UNDEFINED_CODES, 1):
        yield broken(f"7.13.{number}", f"code {code}, which is undefined", close_wire(code))


CASES = [*_order(), *_payloads(), *_codes()]
