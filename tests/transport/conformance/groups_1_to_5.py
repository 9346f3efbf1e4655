"""Cases 1 to 5 of the Autobahn suite: framing, pings and pongs, reserved bits, opcodes, fragmentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deepgram_anyio.protocol.frames import Binary, Frame, Pong, Text

from ..peers import wire
from .judge import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Case, broken, polite

__all__ = ["CASES"]

SIZES = [0, 125, 126, 127, 128, 65535, 65536]
HELLO = wire(TEXT, b"Hello, world!")
HEARD: list[Frame] = [Text("Hello, world!")]
BYTES = bytes([0, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0, 0xFF])


def _framing() -> Iterator[Case]:
    for number, size in enumerate(SIZES, 1):
        text, data = "*" * size, b"\xfe" * size
        yield polite(f"1.1.{number}", f"text of {size}", wire(TEXT, text.encode()), answers=[Text(text)])
        yield polite(f"1.2.{number}", f"binary of {size}", wire(BINARY, data), answers=[Binary(data)])
    yield polite("1.1.8", "text of 65536 in chops", wire(TEXT, text.encode()), answers=[Text(text)], step=997)
    yield polite("1.2.8", "binary of 65536 in chops", wire(BINARY, data), answers=[Binary(data)], step=997)


def _pings() -> Iterator[Case]:
    for number, payload in enumerate([b"", b"Hello, world!", BYTES, b"\xfe" * 125], 1):
        yield polite(f"2.{number}", f"ping of {len(payload)}", wire(PING, payload), answers=[Pong(payload)])
    longest = b"\xfe" * 125
    yield broken("2.5", "ping of 126", wire(PING, b"\xfe" * 126))
    yield polite("2.6", "ping of 125 byte by byte", wire(PING, longest), answers=[Pong(longest)], step=1)
    yield polite("2.7", "empty pong that nobody asked for", wire(PONG))
    yield polite("2.8", "pong that nobody asked for", wire(PONG, b"unsolicited"))
    yield polite("2.9", "pong, then ping", wire(PONG, b"unsolicited"), wire(PING, b"ping"), answers=[Pong(b"ping")])
    payloads = [b"payload-%d" % number for number in range(10)]
    pings, pongs = b"".join(wire(PING, payload) for payload in payloads), [Pong(payload) for payload in payloads]
    yield polite("2.10", "ten pings", pings, answers=pongs)
    yield polite("2.11", "ten pings byte by byte", pings, answers=pongs, step=1)


def _reserved_bits() -> Iterator[Case]:
    # 2 and 3 after a message, and in other writes; what is asked for is the same.
    yield broken("3.1", "reserved bits 1 of a text", wire(TEXT, b"Hello, world!", rsv=1))
    for rsv in (2, 3, 4):
        frames = [HELLO, wire(TEXT, b"Hello, world!", rsv=rsv), wire(PING)]
        writes = [b"".join(frames)] if rsv == 2 else frames if rsv == 3 else _single(frames)
        yield broken(f"3.{rsv}", f"reserved bits {rsv} after a text", *writes, answers=HEARD, strict=False)
    yield broken("3.5", "reserved bits 5 of a binary", wire(BINARY, BYTES, rsv=5))
    yield broken("3.6", "reserved bits 6 of a ping", wire(PING, b"Hello, world!", rsv=6))
    yield broken("3.7", "reserved bits 7 of a close", wire(CLOSE, rsv=7))


def _opcodes() -> Iterator[Case]:
    for group, opcodes in ((1, (3, 4, 5, 6, 7)), (2, (11, 12, 13, 14, 15))):
        for number, opcode in enumerate(opcodes, 1):
            payload = b"" if number in (1, 3) else b"reserved opcode"
            name, title = f"4.{group}.{number}", f"reserved opcode {opcode}"
            if number < 3:
                yield broken(name, title, wire(opcode, payload))
            else:
                sent = HELLO + wire(opcode, payload) + wire(PING)
                yield broken(name, f"{title} after a text", sent, answers=HEARD, strict=False)


def _single(frames: list[bytes]) -> list[bytes]:
    data = b"".join(frames)
    return [data[index : index + 1] for index in range(len(data))]


def _three_ways(first: int, title: str, *frames: bytes, answers: Sequence[Frame] | None) -> Iterator[Case]:
    """In one write, frame by frame, byte by byte."""
    writes = {"in one write": [b"".join(frames)], "frame by frame": frames, "byte by byte": _single([*frames])}
    for number, (way, parts) in enumerate(writes.items(), first):
        make = broken if answers is None else polite
        yield make(f"5.{number}", f"{title}, {way}", *parts, answers=answers or [])


def _fragmentation() -> Iterator[Case]:
    first, last = wire(TEXT, b"fragment1", fin=False), wire(CONTINUATION, b"fragment2")
    both: list[Frame] = [Text("fragment1fragment2")]
    ping, pong = wire(PING, b"ping payload"), Pong(b"ping payload")
    stray, stray_begun = (wire(CONTINUATION, b"non-continuation payload", fin=fin) for fin in (True, False))
    yield broken("5.1", "fragmented ping", wire(PING, b"fragment1", fin=False), last)
    yield broken("5.2", "fragmented pong", wire(PONG, b"fragment1", fin=False), last)
    yield from _three_ways(3, "two fragments", first, last, answers=both)
    yield from _three_ways(6, "ping between fragments", first, ping, last, answers=[pong, *both])
    yield from _three_ways(9, "continuation of nothing", stray, HELLO, answers=None)
    yield from _three_ways(12, "unfinished continuation of nothing", stray_begun, HELLO, answers=None)
    begun = wire(CONTINUATION, b"fragment3", fin=False)
    sent = first + last + begun + wire(TEXT, b"fragment4")
    yield broken("5.15", "continuation after a fragmented message", sent, answers=both, strict=False)
    begun_again = wire(TEXT, b"fragment2", fin=False) + wire(CONTINUATION, b"fragment3")
    yield broken("5.16", "unfinished continuation before a fragmented message", (begun + begun_again) * 2)
    yield broken("5.17", "continuation before a fragmented message", (last + begun_again) * 2)
    yield broken("5.18", "text inside a fragmented text", first + wire(TEXT, b"fragment2"))
    yield from _pings_among_fragments()


def _pings_among_fragments() -> Iterator[Case]:
    middle = [wire(CONTINUATION, b"fragment%d" % number, fin=number == 5) for number in (2, 3, 4, 5)]
    start = [wire(TEXT, b"fragment1", fin=False), middle[0], wire(PING, b"pongme 1!")]
    rest = [middle[1], middle[2], wire(PING, b"pongme 2!"), middle[3]]
    answers: list[Frame] = [
        Pong(b"pongme 1!"),
        Pong(b"pongme 2!"),
        Text("".join(f"fragment{number}" for number in range(1, 6))),
    ]
    yield polite("5.19", "pings among five fragments", b"".join(start), b"".join(rest), answers=answers)
    yield polite("5.20", "pings among five fragments, frame by frame", *start, *rest, answers=answers)


CASES = [*_framing(), *_pings(), *_reserved_bits(), *_opcodes(), *_fragmentation()]
