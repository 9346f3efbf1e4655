"""The ring of audio: what it holds, gives out, forgets, and owns up to."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from deepgram_anyio.protocol.flux import Configure as FluxConfigure
from deepgram_anyio.protocol.flux import Thresholds
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.listen import CloseStream, Configure, Finalize
from deepgram_anyio.protocol.messages import Message
from deepgram_anyio.protocol.replay import Lasts, Replay

STEREO = AudioFormat(encoding="linear16", sample_rate=100, channels=2)  # 400 bytes a second, frames of 4
MONO = AudioFormat(encoding="mulaw", sample_rate=100)  # 100 bytes a second, frames of 1


def replay(audio: AudioFormat = MONO, *, max_s: float = 10.0, max_bytes: int = 1 << 20) -> Replay:
    return Replay(audio, max_s=max_s, max_bytes=max_bytes)


def sent(ring: Replay, data: bytes) -> None:
    ring.add(data)
    ring.catch_up()


def noted(ring: Replay, message: Message, lasts: Lasts) -> None:
    ring.note(message, lasts)
    ring.catch_up()


def taken(ring: Replay, max_bytes: int = 1 << 20) -> list[bytes | Message]:
    items: list[bytes | Message] = []
    while (item := ring.take(max_bytes)) is not None:
        items.append(item)
    return items


def test_what_no_final_result_covers_is_given_out_again() -> None:
    ring = replay()
    sent(ring, bytes(range(100)))
    ring.covered(0.4)
    ring.rewind()
    assert ring.start_s == pytest.approx(0.4)
    assert taken(ring) == [bytes(range(40, 100))]
    assert ring.caught_up


def test_a_connection_that_has_everything_is_given_nothing() -> None:
    ring = replay()
    sent(ring, b"x" * 100)
    assert ring.caught_up
    assert ring.take(10) is None


def test_audio_is_given_out_in_pieces_of_the_size_asked_for() -> None:
    ring = replay()
    sent(ring, bytes(100))
    ring.rewind()
    assert [len(piece) for piece in taken(ring, 30) if isinstance(piece, bytes)] == [30, 30, 30, 10]


def test_a_long_message_is_given_out_from_many_pieces() -> None:
    ring = replay(max_s=1e6)
    whole = bytes(range(250)) * 400
    sent(ring, whole)
    ring.rewind()
    assert ring.take(10) == whole[:10]
    assert taken(ring, 40_000) == [whole[10:40_010], whole[40_010:80_010], whole[80_010:]]


def test_results_for_audio_that_the_connection_was_not_given_acknowledge_nothing() -> None:
    ring = replay()
    sent(ring, bytes(100))
    ring.rewind()
    ring.take(50)
    ring.covered(0.8)
    assert (ring.acknowledged_bytes, ring.held_bytes) == (50, 50)


def test_a_replay_begins_with_a_whole_frame() -> None:
    ring = replay(STEREO)
    sent(ring, bytes(401))
    ring.covered(0.5037)
    assert ring.start == 200
    ring.covered(10.0)
    assert ring.start == 400
    assert ring.held_bytes == 1


def test_a_full_ring_forgets_the_oldest_in_whole_frames() -> None:
    ring = replay(STEREO, max_s=1.0)
    sent(ring, bytes(399))
    assert ring.room_for(1)
    assert not ring.room_for(2)
    sent(ring, bytes(3))
    assert (ring.start, ring.held_bytes, ring.forgotten_bytes) == (4, 398, 4)


def test_a_long_message_leaves_only_its_end() -> None:
    ring = replay(max_bytes=100)
    sent(ring, bytes(range(250)))
    ring.rewind()
    assert taken(ring) == [bytes(range(150, 250))]
    assert ring.lost_bytes == 150


def test_what_was_forgotten_may_still_be_covered() -> None:
    ring = replay(max_s=1.0)
    sent(ring, bytes(250))
    assert (ring.forgotten_bytes, ring.lost_bytes) == (150, 0)
    ring.covered(1.0)
    assert (ring.forgotten_bytes, ring.acknowledged_bytes) == (50, 100)
    ring.covered(2.0)
    assert (ring.forgotten_bytes, ring.acknowledged_bytes, ring.held_bytes) == (0, 200, 50)


def test_what_was_forgotten_is_lost_when_the_connection_breaks() -> None:
    ring = replay(max_s=1.0)
    sent(ring, bytes(250))
    ring.covered(0.5)
    ring.rewind()
    assert (ring.forgotten_bytes, ring.lost_bytes) == (0, 100)
    assert ring.start_s == 1.5


def test_audio_that_cannot_wait_pushes_out_the_oldest_which_is_lost() -> None:
    ring = replay(STEREO, max_s=1.0)
    sent(ring, bytes(400))
    ring.rewind()
    assert len(taken(ring, 100)[0]) == 100  # type: ignore[arg-type]
    ring.rewind()
    ring.take(100)
    ring.make_room(10)
    ring.add(bytes(10))
    assert (ring.start, ring.forgotten_bytes, ring.lost_bytes) == (12, 12, 0)
    ring.make_room(200)
    assert (ring.start, ring.forgotten_bytes, ring.lost_bytes, ring.held_bytes) == (212, 100, 112, 198)
    ring.make_room(1)
    assert ring.start == 212


def test_messages_keep_their_places() -> None:
    ring = replay()
    sent(ring, b"ab")
    noted(ring, Finalize(), Lasts.UNTIL_COVERED)
    sent(ring, b"cd")
    noted(ring, CloseStream(), Lasts.FOR_EVER)
    ring.rewind()
    assert taken(ring) == [b"ab", Finalize(), b"cd", CloseStream()]


def test_a_message_that_results_answered_is_not_said_again() -> None:
    ring = replay()
    sent(ring, bytes(100))
    noted(ring, Finalize(), Lasts.UNTIL_COVERED)
    sent(ring, bytes(100))
    ring.covered(1.0)
    ring.rewind()
    assert taken(ring) == [bytes(100)]


def test_the_end_of_the_stream_is_said_again_even_when_all_is_covered() -> None:
    ring = replay()
    sent(ring, bytes(100))
    noted(ring, CloseStream(), Lasts.FOR_EVER)
    ring.covered(1.0)
    for _ in range(2):
        ring.rewind()
        assert not ring.caught_up
        assert taken(ring) == [CloseStream()]


def test_settings_hold_on_and_are_said_first() -> None:
    ring = replay()
    noted(ring, Configure(keyterms=["a"], features={"numerals": True}), Lasts.AS_SETTING)
    sent(ring, bytes(100))
    noted(ring, Configure(features={"dictation": True}), Lasts.AS_SETTING)
    ring.covered(1.0)
    sent(ring, b"more")
    noted(ring, Configure(keyterms=[]), Lasts.AS_SETTING)
    for _ in range(2):
        ring.rewind()
        assert taken(ring) == [
            Configure(keyterms=["a"], features={"numerals": True, "dictation": True}),
            b"more",
            Configure(keyterms=[]),
        ]


def test_settings_within_settings_are_merged() -> None:
    ring = replay()
    noted(ring, FluxConfigure(thresholds=Thresholds(eot_threshold=0.7), numerals=True), Lasts.AS_SETTING)
    noted(ring, FluxConfigure(thresholds=Thresholds(eot_timeout_ms=900)), Lasts.AS_SETTING)
    ring.rewind()
    merged = Thresholds(eot_threshold=0.7, eot_timeout_ms=900)
    assert taken(ring) == [FluxConfigure(thresholds=merged, numerals=True)]


def test_saying_the_same_twice_at_one_place_is_saying_it_once() -> None:
    ring = replay()
    sent(ring, b"a")
    noted(ring, Finalize(), Lasts.UNTIL_COVERED)
    noted(ring, Finalize(), Lasts.UNTIL_COVERED)
    ring.rewind()
    assert taken(ring) == [b"a", Finalize()]


def test_only_raw_audio_can_be_kept() -> None:
    with pytest.raises(ValueError, match="raw"):
        replay(AudioFormat(encoding="opus", sample_rate=48000))


@given(st.lists(st.binary(max_size=50_000), max_size=8), st.integers(1, 70_000), st.integers(0, 100_000))
def test_however_it_was_added_it_comes_out_the_same(chunks: list[bytes], step: int, covered: int) -> None:
    ring = replay(max_s=1e6, max_bytes=1 << 30)
    for chunk in chunks:
        sent(ring, chunk)
    whole = b"".join(chunks)
    ring.covered(covered / 100)
    ring.rewind()
    given_out = taken(ring, step)
    assert b"".join(piece for piece in given_out if isinstance(piece, bytes)) == whole[covered:]
    assert all(0 < len(piece) <= step for piece in given_out if isinstance(piece, bytes))


class AnyOrder(RuleBasedStateMachine):
    """Audio and messages, results and breaks in any order, beside a list that forgets nothing."""

    MAX_BYTES = 1000

    def __init__(self) -> None:
        super().__init__()
        self.ring = replay(STEREO, max_s=1e6, max_bytes=self.MAX_BYTES)
        self.whole = bytearray()
        self.position = 0  # up to where the present connection was given audio
        self.live = True

    @rule(data=st.binary(min_size=1, max_size=400))
    def add(self, data: bytes) -> None:
        if not self.live and not self.ring.room_for(len(data)):
            return
        self.ring.add(data)
        self.whole += data
        if self.live:
            self.ring.catch_up()
            self.position = len(self.whole)

    @rule(max_bytes=st.integers(1, 500))
    def take(self, max_bytes: int) -> None:
        item = self.ring.take(max_bytes)
        if isinstance(item, bytes):
            assert item == self.whole[self.position : self.position + len(item)]
            self.position += len(item)
        elif item is None:
            assert self.position == len(self.whole)
            self.live = True

    @rule(until_s=st.floats(0, 20))
    def cover(self, until_s: float) -> None:
        before = self.ring.start
        self.ring.covered(until_s)
        assert before <= self.ring.start <= max(before, self.position)

    @rule()
    def break_off(self) -> None:
        self.ring.rewind()
        assert self.ring.forgotten_bytes == 0
        assert self.ring.start % 4 == 0
        self.position, self.live = self.ring.start, False

    @rule()
    def note(self) -> None:
        self.ring.note(Finalize(), Lasts.UNTIL_COVERED)
        if self.live:
            self.ring.catch_up()

    @invariant()
    def nothing_is_unaccounted_for(self) -> None:
        ring = self.ring
        assert ring.accepted_bytes == len(self.whole) == ring.end
        accounted = ring.acknowledged_bytes + ring.forgotten_bytes + ring.held_bytes + ring.lost_bytes
        assert accounted == ring.accepted_bytes
        assert min(ring.acknowledged_bytes, ring.forgotten_bytes, ring.held_bytes, ring.lost_bytes) >= 0

    @invariant()
    def never_more_is_held_than_the_bound(self) -> None:
        assert self.ring.held_bytes <= self.MAX_BYTES
        assert sum(map(len, self.ring._pieces)) <= self.MAX_BYTES + 16 * 1024


TestAnyOrder = AnyOrder.TestCase


def test_times_beyond_all_bounds_are_no_more_than_everything_and_no_less_than_nothing() -> None:
    ring = replay(max_s=math.inf)
    sent(ring, bytes(1600))
    ring.covered(-math.inf)
    assert ring.acknowledged_bytes == 0
    ring.covered(math.inf)
    assert ring.acknowledged_bytes == 1600
