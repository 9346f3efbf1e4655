"""With the lanes and without, the same: whatever arrives, however it is cut, and whatever is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deepgram_anyio.errors import LocalProtocolError
from deepgram_anyio.protocol.frames import Binary, Close, Frame, Ping, Pong, Text
from deepgram_anyio.transport.framing import Framing
from deepgram_anyio.transport.lanes import lanes_are_on, take_plain, whole_frame_end
from deepgram_anyio.transport.masking import masked_frame

from .peers import wire
from .test_framing import BROKEN, fed, streams

MAX_BYTES = 100_000


def framing(*, lanes: bool) -> Framing:
    return Framing(client=True, max_message_bytes=MAX_BYTES, lanes=lanes)


def outcome(data: bytes, cuts: list[int], *, lanes: bool) -> Any:
    """All that can be seen of a connection that received some data, and what it then sends."""
    receiver = framing(lanes=lanes)
    frames = fed(receiver, data, cuts)
    replies = Framing(client=False, max_message_bytes=MAX_BYTES).receive(receiver.take_replies())
    return frames, receiver.end, str(receiver.failure), receiver.closing, replies, receiver.receive(b"")


opcodes = st.sampled_from([1, 2, 1, 2, 0, 8, 9, 10, 3, 11])
some_bytes = (
    st.binary(max_size=140) | st.integers(120, 70_000).map(lambda size: b"a" * size) | st.just("ü".encode() * 70)
)


@st.composite
def any_frames(draw: st.DrawFn) -> bytes:
    """Frames as they come: most keep the rules, some break them in every place where a rule is."""
    data = b""
    for _ in range(draw(st.integers(0, 8))):
        payload = draw(some_bytes)
        data += wire(
            draw(opcodes),
            payload,
            fin=draw(st.sampled_from([True, True, True, False])),
            rsv=draw(st.sampled_from([0] * 12 + [1, 2, 4])),
            mask=draw(st.sampled_from([None] * 12 + [b"\x01\x02\x03\x04"])),
            length_bytes=draw(st.sampled_from([None] * 12 + ([2] if len(payload) < 1 << 16 else []) + [8])),
        )
    return data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data


def cut_points(draws: st.DataObject, data: bytes) -> list[int]:
    return sorted(draws.draw(st.lists(st.integers(0, len(data)), max_size=12)))


@settings(max_examples=300)
@given(any_frames(), st.data())
def test_any_frames_cut_anywhere(data: bytes, draws: st.DataObject) -> None:
    cuts = cut_points(draws, data)
    assert outcome(data, cuts, lanes=True) == outcome(data, cuts, lanes=False)


@given(st.binary(max_size=300), st.data())
def test_any_bytes_cut_anywhere(data: bytes, draws: st.DataObject) -> None:
    cuts = cut_points(draws, data)
    assert outcome(data, cuts, lanes=True) == outcome(data, cuts, lanes=False)


@given(streams(), st.data())
def test_streams_in_good_order(stream: tuple[list[Frame], bytes], draws: st.DataObject) -> None:
    frames, data = stream
    cuts = cut_points(draws, data)
    assert outcome(data, cuts, lanes=True) == outcome(data, cuts, lanes=False)
    assert fed(framing(lanes=True), data, cuts) == frames


@pytest.mark.parametrize("data", [data for data, _ in BROKEN.values()], ids=BROKEN.keys())
def test_every_broken_rule_at_every_cut(data: bytes) -> None:
    data = wire(1, b"before") + data[:300] + wire(2, b"after")
    for cuts in [[], list(range(1, len(data))), *([cut] for cut in range(1, len(data), 7))]:
        assert outcome(data, cuts, lanes=True) == outcome(data, cuts, lanes=False)


def test_every_cut_of_plain_frames() -> None:
    frames: list[Frame] = [Text("a"), Binary(b""), Text("ü" * 100), Binary(bytes(126)), Text(""), Binary(bytes(70_000))]
    data = b"".join(
        wire(1 if isinstance(frame, Text) else 2, frame.data.encode() if isinstance(frame.data, str) else frame.data)  # type: ignore[union-attr, arg-type]
        for frame in frames
    )
    for cut in [*range(500), *range(500, len(data), 4999)]:
        assert fed(framing(lanes=True), data, [cut]) == frames


sent = st.lists(
    st.builds(Text, st.text(max_size=200) | st.just("\ud800"))
    | st.builds(Binary, st.binary(max_size=700) | st.integers(120, 70_000).map(bytes) | st.just(bytes(MAX_BYTES + 1)))
    | st.builds(Ping, st.binary(max_size=130))
    | st.builds(Pong, st.binary(max_size=125))
    | st.builds(Close, st.sampled_from([1000, 1005, 4999, 1006])),
    max_size=6,
)


def encoded(frames: list[Frame], *, lanes: bool) -> Any:
    sender = framing(lanes=lanes)
    try:
        data = sender.encode(frames)
    except LocalProtocolError as error:
        return str(error), sender.closing
    heads = Framing(client=False, max_message_bytes=MAX_BYTES)
    return len(data), heads.receive(data), heads.failure, sender.sent_close


@given(sent)
@example([Binary(memoryview(b"abc"))])
def test_what_is_sent(frames: list[Frame]) -> None:
    assert encoded(frames, lanes=True) == encoded(frames, lanes=False)


@given(st.lists(st.binary(max_size=70), min_size=1, max_size=20))
def test_lengths_that_change_from_frame_to_frame(payloads: list[bytes]) -> None:
    data = b"".join(piece for payload in payloads for piece in masked_frame(2, payload))
    assert Framing(client=False, max_message_bytes=MAX_BYTES).receive(data) == list(map(Binary, payloads))


def test_what_is_not_plain_is_left_where_it_is() -> None:
    plain = wire(1, b"one") + wire(2, bytes(200))
    for rest in (b"", b"\x81", wire(1, bytes(126))[:3], wire(9), wire(1, fin=False), wire(1, bytes(70_000))):
        frames: list[Frame] = []
        assert take_plain(plain + rest, 0, MAX_BYTES, frames) == len(plain)
        assert frames == [Text("one"), Binary(bytes(200))]


@given(st.binary(max_size=70) | st.integers(0, 70_000).map(bytes), st.none() | st.just(b"mask"), st.integers(0, 80_000))
def test_where_a_frame_ends(payload: bytes, mask: bytes | None, cut: int) -> None:
    frame = wire(2, payload, mask=mask)
    assert whole_frame_end(b"??" + frame + b"more", 2) == 2 + len(frame)
    assert whole_frame_end(frame[:cut], 0) == len(frame[:cut])


@pytest.mark.parametrize(
    ("value", "on"), [(None, True), ("on", True), ("", True), ("off", False), ("OFF", False), ("0", False)]
)
def test_they_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, value: str | None, on: bool) -> None:
    monkeypatch.delenv("DEEPGRAM_ANYIO_LANES", raising=False)
    if value is not None:
        monkeypatch.setenv("DEEPGRAM_ANYIO_LANES", value)
    assert lanes_are_on() is on


# Writing at once.
