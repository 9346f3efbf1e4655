"""RFC 6455, case by case, as in the Autobahn suite's fuzzing server, which is the field's measure of a client.

Each case runs on the framing alone, read in three ways, and over loopback, where the client echoes and a raw peer
watches the wire. Cases 9 and 10, the large ones, are in `test_limits`. The suite's groups 12 and 13 test compression,
which this client does not offer.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deepgram_anyio.protocol.frames import Close, Text
from deepgram_anyio.transport.framing import Framing

from . import group_6, group_7, groups_1_to_5
from .judge import TEXT, Case, fragmented, run_loopback, run_without_io

CASES = [*groups_1_to_5.CASES, *group_6.CASES, *group_7.CASES]

# How many cases the suite has in each group; 5.x and the like are numbered from 1 without gaps.
COUNTS = {"1.1": 8, "1.2": 8, "2": 11, "3": 7, "4.1": 5, "4.2": 5, "5": 20}
COUNTS |= {"6.1": 3, "6.2": 4, "6.3": 2, "6.4": 4, "6.5": 5, "6.6": 11, "6.7": 4, "6.8": 2, "6.9": 4, "6.10": 3}
COUNTS |= {"6.11": 5, "6.12": 8, "6.13": 5, "6.14": 10, "6.15": 1, "6.16": 3, "6.17": 5, "6.18": 5, "6.19": 5}
COUNTS |= {"6.20": 7, "6.21": 8, "6.22": 34, "6.23": 7}
COUNTS |= {"7.1": 6, "7.3": 6, "7.5": 1, "7.7": 13, "7.9": 9, "7.13": 2}

# Where the suite takes a client for correct ("non-strict") whose close overtakes an echo, and this client is one.
NON_STRICT = {"3.2", "3.3", "3.4", "4.1.3", "4.1.4", "4.1.5", "4.2.3", "4.2.4", "4.2.5", "5.15"}
INFORMATIONAL = {"7.1.6"}


def _named(case: Case) -> str:
    return f"{case.id} {case.title}"


def _as_sent(case: Case) -> list[bytes]:
    return list(case.writes)


def _at_once(case: Case) -> list[bytes]:
    return [b"".join(case.writes)]


def _byte_by_byte(case: Case) -> list[bytes]:
    data = b"".join(case.writes)
    step = 1 + len(data) // 20_000  # the long ones take a few bytes at a time
    return [data[start : start + step] for start in range(0, len(data), step)]


def test_the_list_is_the_suites() -> None:
    expected = {f"{group}.{number}" for group, count in COUNTS.items() for number in range(1, count + 1)}
    assert len(CASES) == len(expected) == 246
    assert {case.id for case in CASES} == expected
    assert {case.id for case in CASES if not case.strict} == NON_STRICT | INFORMATIONAL


@pytest.mark.parametrize("reads", [_as_sent, _at_once, _byte_by_byte], ids=lambda way: way.__name__[1:])
@pytest.mark.parametrize("case", CASES, ids=_named)
def test_without_io(case: Case, reads: Callable[[Case], list[bytes]]) -> None:
    if reads is _byte_by_byte and case.id in NON_STRICT:
        case = case._replace(strict=True)  # the echo has time to go out
    run_without_io(case, reads(case))


@pytest.mark.anyio
@pytest.mark.parametrize("case", CASES, ids=_named)
async def test_over_loopback(case: Case) -> None:
    await run_loopback(case)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_utf_8_in_fragments(size: int) -> None:
    for text in (text for texts in group_6.VALID.values() for text in texts):
        framing = Framing(client=True, max_message_bytes=1000)
        assert framing.receive(b"".join(fragmented(TEXT, text.encode(), size))) == [Text(text)]
    for sequence in (sequence for sequences in group_6.INVALID.values() for sequence in sequences):
        framing = Framing(client=True, max_message_bytes=1000)
        (close,) = framing.receive(b"".join(fragmented(TEXT, bytes.fromhex(sequence), size)))
        assert isinstance(close, Close)
        assert close.code == 1007
