"""Framing without a socket: any frames, cut anywhere, and every way of breaking the rules."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, TextMessage
from wsproto.events import Ping as WsPing
from wsproto.events import Pong as WsPong

from deepgram_anyio.errors import LocalProtocolError
from deepgram_anyio.protocol.frames import Binary, Close, Frame, Ping, Pong, Text
from deepgram_anyio.transport.framing import Framing

from .peers import wire

MASK = b"\x01\x02\x03\x04"
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


def client(max_message_bytes: int = 1 << 20) -> Framing:
    return Framing(client=True, max_message_bytes=max_message_bytes)


def server(max_message_bytes: int = 1 << 20) -> Framing:
    return Framing(client=False, max_message_bytes=max_message_bytes)


def close_wire(code: int, reason: bytes = b"") -> bytes:
    return wire(CLOSE, struct.pack("!H", code) + reason)


texts = st.text(max_size=200) | st.text(min_size=60, max_size=70).map(lambda text: text * 30)
binaries = st.binary(max_size=200) | st.integers(120, 70_000).map(bytes)
payloads = st.binary(max_size=125)
messages = st.builds(Text, texts) | st.builds(Binary, binaries)
controls = st.builds(Ping, payloads) | st.builds(Pong, payloads)
codes = st.sampled_from([1000, 1001, 1003, 1007, 1009, 1011, 1012, 1013, 1014, 3000, 4999])
closes = st.builds(Close, codes, st.text(max_size=30)) | st.just(Close(1005))


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Frame], bytes]:
    """Frames and their bytes: messages are fragmented anywhere, also inside a character, with controls in between."""
    frames: list[Frame] = []
    data = b""
    for message in draw(st.lists(messages, max_size=5)):
        opcode = TEXT if isinstance(message, Text) else BINARY
        payload = message.data.encode() if isinstance(message.data, str) else bytes(message.data)
        cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=4)))
        for start, stop in zip([0, *cuts], [*cuts, len(payload)], strict=True):
            last = stop == len(payload) and start == (cuts[-1] if cuts else 0)
            data += wire(opcode, payload[start:stop], fin=last)
            opcode = CONTINUATION
            if last:
                frames.append(message)
                break
            if draw(st.booleans()):
                control = draw(controls)
                data += wire(PING if isinstance(control, Ping) else PONG, control.data)
                frames.append(control)
    close = draw(st.none() | closes)
    if close is not None:
        frames.append(close)
        data += wire(CLOSE) if close.code == 1005 else close_wire(close.code, close.reason.encode())
    return frames, data


def fed(framing: Framing, data: bytes, cuts: list[int]) -> list[Frame]:
    frames: list[Frame] = []
    for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
        if stop > start:
            frames += framing.receive(data[start:stop])
    return frames


@given(streams(), st.data())
def test_any_stream_cut_anywhere_gives_the_same_frames(stream: tuple[list[Frame], bytes], draws: st.DataObject) -> None:
    frames, data = stream
    cuts = sorted(draws.draw(st.lists(st.integers(0, len(data)), max_size=12)))
    framing = client()
    assert fed(framing, data, cuts) == frames
    assert framing.failure is None
    ended = bool(frames) and isinstance(frames[-1], Close)
    assert framing.receive(b"") == ([] if ended else [Close(1006)])
    assert framing.receive(b"anything") == []


def test_every_cut_of_one_stream_in_two_and_into_single_bytes() -> None:
    data = (
        wire(TEXT, "grüß".encode()[:3], fin=False)
        + wire(PING, b"now")
        + wire(CONTINUATION, "grüß".encode()[3:] + b"x" * 130)
        + wire(BINARY, bytes(126))
        + close_wire(1001, b"bye")
    )
    frames = [Ping(b"now"), Text("grüß" + "x" * 130), Binary(bytes(126)), Close(1001, "bye")]
    for cut in range(len(data) + 1):
        assert fed(client(), data, [cut]) == frames
    assert fed(client(), data, list(range(1, len(data)))) == frames


@given(st.lists(messages | controls, max_size=8), closes)
def test_what_one_end_encodes_the_other_end_decodes(frames: list[Frame], close: Close) -> None:
    for near, far in ((client(), server()), (server(), client())):
        assert far.receive(near.encode([*frames, close])) == [*frames, close]
        assert near.closing
        assert near.receive(far.take_replies())[-1].code == close.code  # type: ignore[union-attr]


@given(st.lists(messages | controls, max_size=8))
def test_wsproto_understands_what_is_encoded(frames: list[Frame]) -> None:
    peer = Connection(ConnectionType.SERVER)
    peer.receive_data(client().encode([*frames, Close(4000, "done")]))
    events = list(peer.events())
    seen: list[Frame] = []
    for event in events:
        if isinstance(event, (WsPing, WsPong)):
            seen.append((Ping if isinstance(event, WsPing) else Pong)(bytes(event.payload)))
        elif isinstance(event, TextMessage):
            seen.append(Text(event.data))
        elif isinstance(event, BytesMessage):
            seen.append(Binary(bytes(event.data)))
    assert seen == frames
    assert events[-1] == CloseConnection(code=4000, reason="done")


def test_masks_are_fresh_for_every_frame() -> None:
    data = client().encode([Binary(bytes(4))] * 3)
    masks = {data[start + 2 : start + 6] for start in (0, 10, 20)}
    assert len(masks) == 3


BROKEN = {
    "reserved bit 1": (wire(TEXT, b"x", rsv=4), 1002),
    "reserved bit 2": (wire(TEXT, b"x", rsv=2), 1002),
    "reserved bit 3": (wire(PING, rsv=1), 1002),
    "reserved data opcode": (wire(3, b"x"), 1002),
    "reserved control opcode": (wire(11), 1002),
    "masked frame from a server": (wire(TEXT, b"x", mask=MASK), 1002),
    "fragmented ping": (wire(PING, fin=False), 1002),
    "ping of 126 bytes": (wire(PING, bytes(126)), 1002),
    "close of 126 bytes": (close_wire(1000, bytes(124)), 1002),
    "continuation of nothing": (wire(CONTINUATION, b"x"), 1002),
    "message inside a message": (wire(TEXT, b"x", fin=False) + wire(TEXT, b"y"), 1002),
    "length not in its shortest form": (wire(TEXT, b"x", length_bytes=2), 1002),
    "long length not in its shortest form": (wire(TEXT, bytes(200), length_bytes=8), 1002),
    "length with the top bit": (wire(BINARY, declared=1 << 63), 1002),
    "close with one byte": (wire(CLOSE, b"x"), 1002),
    **{f"close code {code}": (close_wire(code), 1002) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000)},
    "close reason not UTF-8": (close_wire(1000, b"\xff"), 1007),
    "text not UTF-8": (wire(TEXT, b"\xce\xba\xe1"), 1007),
    "text with a surrogate": (wire(TEXT, b"\xed\xa0\x80"), 1007),
    "text broken across fragments": (wire(TEXT, b"\xce", fin=False) + wire(CONTINUATION, b"\xce"), 1007),
    "message too long": (wire(BINARY, bytes(1001)), 1009),
    "declared length too long": (wire(BINARY, declared=1 << 40), 1009),
    "declared length too long before text that is not UTF-8": (wire(TEXT, b"\xff", declared=1 << 40), 1009),
    "long message inside a message": (wire(TEXT, b"x", fin=False) + wire(TEXT, b"y", declared=1 << 40), 1002),
    "long continuation of nothing": (wire(CONTINUATION, b"y", declared=1 << 40), 1002),
    "fragments too long together": (wire(BINARY, bytes(600), fin=False) + wire(CONTINUATION, bytes(401)), 1009),
    "fragment that will be too long": (wire(BINARY, bytes(600), fin=False) + wire(CONTINUATION, declared=401), 1009),
    "endless empty fragments": (wire(TEXT, fin=False) + wire(CONTINUATION, fin=False) * 2000, 1009),
}


@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("piecewise", [False, True], ids=["at once", "byte by byte"])
def test_broken_rules_end_the_connection_with_the_right_code(data: bytes, code: int, piecewise: bool) -> None:
    framing = client(1000)
    before, after = wire(TEXT, b"before"), wire(TEXT, b"after")
    frames = fed(framing, before + data + after, list(range(1, len(before + data))) if piecewise else [])
    close = frames[-1]
    assert isinstance(close, Close)
    assert frames == [Text("before"), close]
    assert close.code == code
    assert close.reason in str(framing.failure)
    assert server().receive(framing.take_replies()) == [close]
    assert framing.receive(wire(TEXT, b"later")) == framing.receive(b"") == []


def test_unmasked_frame_from_a_client() -> None:
    framing = server()
    frames = framing.receive(wire(TEXT, b"x"))
    assert [frame.code for frame in frames if isinstance(frame, Close)] == [1002]


def test_longest_message_whole_fragmented_and_with_an_empty_last_fragment() -> None:
    longest = bytes(1000)
    for data in (
        wire(BINARY, longest),
        wire(BINARY, longest[:500], fin=False) + wire(CONTINUATION, longest[500:]),
        wire(BINARY, longest, fin=False) + wire(CONTINUATION),
    ):
        framing = client(1000)
        assert framing.receive(data) == [Binary(longest)]
        assert framing.receive(data) == [Binary(longest)]


def test_many_tiny_fragments_are_one_message() -> None:
    count = 20_000
    data = wire(BINARY, b"0", fin=False) + wire(CONTINUATION, b"1", fin=False) * count + wire(CONTINUATION, b"2")
    assert client().receive(data) == [Binary(b"0" + b"1" * count + b"2")]


def test_control_frames_between_fragments_do_not_count_towards_the_message() -> None:
    framing = client(10)
    assert framing.receive(wire(BINARY, bytes(10), fin=False)) == []
    ping = wire(PING, bytes(100))
    assert framing.receive(ping[:50]) == []
    assert framing.receive(ping[50:]) == [Ping(bytes(100))]
    assert framing.receive(wire(CONTINUATION)) == [Binary(bytes(10))]


@pytest.mark.parametrize(
    "read",
    [
        wire(CONTINUATION, b"\x90", fin=False),
        wire(CONTINUATION, b"\x90" + bytes(100))[:3],
        wire(CONTINUATION, b"\x80\xff", fin=False),
    ],
    ids=["frame", "beginning of a frame", "later"],
)
def test_a_text_that_has_gone_wrong_is_not_waited_for(read: bytes) -> None:
    framing = client()
    assert framing.receive(wire(TEXT, b"ok \xf4", fin=False) + wire(PING)) == [Ping()]
    (close,) = framing.receive(read)
    assert isinstance(close, Close)
    assert close.code == 1007


def test_every_ping_is_answered_in_order_but_of_a_flood_only_the_last() -> None:
    framing = client()
    for count, answered in ((10, range(10)), (1000, range(984, 1000))):
        framing.receive(b"".join(wire(PING, str(number).encode()) for number in range(count)))
        assert framing.owes_replies
        assert server().receive(framing.take_replies()) == [Pong(str(number).encode()) for number in answered]
        assert not framing.owes_replies
        assert framing.take_replies() == b""


def test_close_is_echoed_once_after_the_pong() -> None:
    framing = client()
    assert framing.receive(wire(PING, b"x") + close_wire(1000, b"bye")) == [Ping(b"x"), Close(1000, "bye")]
    assert server().receive(framing.take_replies()) == [Pong(b"x"), Close(1000, "bye")]
    assert framing.take_replies() == b""
    with pytest.raises(LocalProtocolError):
        framing.encode([Text("too late")])


def test_close_without_status_is_echoed_without_status() -> None:
    framing = client()
    assert framing.receive(wire(CLOSE)) == [Close(1005)]
    assert server().receive(framing.take_replies()) == [Close(1005)]


def test_nothing_is_sent_after_our_close() -> None:
    framing = client()
    framing.encode([Text("x"), Close(1000)])
    assert framing.receive(wire(PING, b"x") + wire(TEXT, b"still read") + close_wire(1001)) == [
        Ping(b"x"),
        Text("still read"),
        Close(1001),
    ]
    assert framing.take_replies() == b""
    for late in (Text("x"), Ping(), Close(1000)):
        with pytest.raises(LocalProtocolError):
            framing.encode([late])


def test_trailing_bytes_need_no_further_read() -> None:
    data = wire(TEXT, b"first") + wire(TEXT, b"second")
    framing = Framing(client=True, max_message_bytes=100, trailing=data[:-1])
    assert framing.receive_trailing() == [Text("first")]
    assert framing.receive(data[-1:]) == [Text("second")]
    unasked = Framing(client=True, max_message_bytes=100, trailing=data[:-1])
    assert unasked.receive(data[-1:]) == [Text("first"), Text("second")]


def test_trailing_bytes_may_break_the_rules_or_close() -> None:
    framing = Framing(client=True, max_message_bytes=100, trailing=wire(3))
    assert [type(frame) for frame in framing.receive_trailing()] == [Close]
    assert framing.failure is not None
    assert framing.receive_trailing() == []
    closed = Framing(client=True, max_message_bytes=100, trailing=close_wire(1013))
    assert closed.receive(b"") == [Close(1013)]


def test_end_of_stream_inside_a_message() -> None:
    framing = client()
    assert framing.receive(wire(TEXT, b"half", fin=False)) == []
    assert framing.receive(b"") == [Close(1006)]
    assert framing.failure is None


BAD_FRAMES: list[object] = [
    Text("x" * 1001),
    Text("ü" * 501),
    Text(b"\xff"),
    Text("\ud800"),
    Text(123),  # type: ignore[arg-type]
    Binary(bytes(1001)),
    Binary(memoryview(bytes(2002)).cast("H")),
    Binary("text"),  # type: ignore[arg-type]
    Ping(bytes(126)),
    Pong(bytes(126)),
    Close(1006),
    Close(999),
    Close(1000, "\ud800"),
    "not a frame",
]


@pytest.mark.parametrize("bad", BAD_FRAMES, ids=range(len(BAD_FRAMES)))
def test_what_cannot_be_sent_changes_nothing(bad: Frame) -> None:
    framing = client(1000)
    for batch in ([bad], [Text("fine"), bad], [Close(1000), bad]):
        with pytest.raises(LocalProtocolError):
            framing.encode(batch)
        assert not framing.closing
    assert server().receive(framing.encode([Text("fine")])) == [Text("fine")]


def test_buffers_of_every_kind_are_sent() -> None:
    frames = client().encode(
        [Text(memoryview("grüß".encode())), Binary(memoryview(b"abcd").cast("H")), Binary(bytearray(b"x"))]  # type: ignore[arg-type]
    )
    assert server().receive(frames) == [Text("grüß"), Binary(b"abcd"), Binary(b"x")]


@settings(max_examples=30)
@given(st.text(min_size=100, max_size=300))
def test_a_long_close_reason_is_cut_between_characters(reason: str) -> None:
    (close,) = server().receive(client().encode([Close(1011, reason)]))
    assert isinstance(close, Close)
    assert reason.startswith(close.reason)
    assert len(close.reason.encode()) <= 123
    assert len(close.reason.encode()) >= min(len(reason.encode()), 120)
