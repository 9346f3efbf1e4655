"""Cases 6 of the Autobahn suite: UTF-8 (RFC 3629), whole and in fragments.

The sequences from 6.5 on are those of Markus Kuhn's decoder test, with the non-characters, which are valid.
"""

from __future__ import annotations

from collections.abc import Iterator

from deepgram_anyio.protocol.frames import Text

from ..peers import wire
from .judge import CONTINUATION, TEXT, Case, broken, fragmented, polite

__all__ = ["CASES", "INVALID", "VALID"]

KOSME = "\u03ba\u1f79\u03c3\u03bc\u03b5"
HELLO = "Hello-µ@ßöäüàá-UTF-8!!"

VALID: dict[str, list[str]] = {
    "6.5 text": ["hello$world", "hello¢world", "hello€world", "hello\U00024b62world", KOSME],
    "6.7 first of a length": ["\0", "\x80", "\u0800", "\U00010000"],
    "6.9 last of a length": ["\x7f", "\u07ff", "\uffff", "\U0010ffff"],
    "6.11 boundary": ["\ud7ff", "\ue000", "\ufffd", "\U0010ffff"],
    "6.22 non-character": [chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)],
    "6.23 special": [chr(point) for point in range(0xFFF9, 0x10000)],
}


def _lonely(first: int, last: int) -> str:
    return "".join(f"{byte:02x}20" for byte in range(first, last + 1))


CUT_SHORT = ["c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf"]
HIGH, LOW = ["eda080", "edadbf", "edae80", "edafbf"], ["edb080", "edbfbf"]

INVALID: dict[str, list[str]] = {
    "6.8 first of length 5 and 6": ["f888808080", "fc8480808080"],
    "6.10 last of length 4, 5 and 6": ["f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"],
    "6.11 boundary": ["f4908080"],
    "6.12 unexpected continuation": [
        *("80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80", "80bf80bf80bf"),
        bytes(range(0x80, 0xC0)).hex(),
    ],
    "6.13 lonely beginnings": [
        _lonely(*ends) for ends in ((0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD))
    ],
    "6.14 last byte missing": CUT_SHORT,
    "6.15 last bytes missing, one after the other": ["".join(CUT_SHORT)],
    "6.16 impossible bytes": ["fe", "ff", "fefeffff"],
    "6.17 overlong slash": ["c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"],
    "6.18 longest overlong": ["c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"],
    "6.19 overlong NUL": ["c080", "e08080", "f0808080", "f880808080", "fc8080808080"],
    "6.20 surrogate": ["eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"],
    "6.21 pair of surrogates": [high + low for high in HIGH for low in LOW],
}


def _fragments() -> Iterator[Case]:
    empty, begun = wire(CONTINUATION), wire(TEXT, fin=False)
    middle = "middle frame payload"
    yield polite("6.1.1", "empty text", wire(TEXT), answers=[Text("")])
    yield polite("6.1.2", "three empty fragments", begun, wire(CONTINUATION, fin=False), empty, answers=[Text("")])
    filled = wire(CONTINUATION, middle.encode(), fin=False)
    yield polite("6.1.3", "empty fragments around one", begun, filled, empty, answers=[Text(middle)])
    yield polite("6.2.1", "text", wire(TEXT, HELLO.encode()), answers=[Text(HELLO)])
    halves = [wire(TEXT, HELLO[:11].encode(), fin=False), wire(CONTINUATION, HELLO[11:].encode())]
    yield polite("6.2.2", "text in two fragments", *halves, answers=[Text(HELLO)])
    for number, text in ((3, HELLO), (4, KOSME)):
        yield polite(f"6.2.{number}", "fragments of a byte", *fragmented(TEXT, text.encode(), 1), answers=[Text(text)])
    surrogate = KOSME.encode() + b"\xed\xa0\x80edited"
    yield broken("6.3.1", "broken text", wire(TEXT, surrogate), code=1007)
    yield broken("6.3.2", "broken text in fragments of a byte", *fragmented(TEXT, surrogate, 1), code=1007)


def _failing_fast() -> Iterator[Case]:
    # The rest is not sent: who waits for it never closes.
    start, wrong, rest = KOSME.encode(), b"\xf4\x90\x80\x80", b"edited"
    whole = start + wrong + rest
    for number, first, last in ((1, start, wrong), (2, whole[:12], whole[12:13])):
        title = "whole sequence" if number == 1 else "first wrong byte"
        frames = [wire(TEXT, first, fin=False), wire(CONTINUATION, last, fin=False)]
        yield broken(f"6.4.{number}", f"failing fast, by frame, {title}", *frames, code=1007)
        frame = wire(TEXT, whole)
        head, cut = len(frame) - len(whole), len(first)
        chops = [frame[: head + cut], frame[head + cut : head + cut + len(last)]]
        yield broken(f"6.4.{number + 2}", f"failing fast, inside a frame, {title}", *chops, code=1007)


def _sequences() -> Iterator[Case]:
    for length in range(1, 12):
        prefix = KOSME.encode()[:length]
        if length in (2, 5, 7, 9, 11):
            yield polite(f"6.6.{length}", "prefix", wire(TEXT, prefix), answers=[Text(prefix.decode())])
        else:
            yield broken(f"6.6.{length}", "prefix", wire(TEXT, prefix), code=1007)
    for name, texts in VALID.items():
        group, title = name.split(" ", 1)
        for number, text in enumerate(texts, 1):
            yield polite(f"{group}.{number}", title, wire(TEXT, text.encode()), answers=[Text(text)])
    for name, sequences in INVALID.items():
        group, title = name.split(" ", 1)
        for number, sequence in enumerate(sequences, 1 + len(VALID.get(name, ()))):
            yield broken(f"{group}.{number}", title, wire(TEXT, bytes.fromhex(sequence)), code=1007)


CASES = [*_fragments(), *_failing_fast(), *_sequences()]
