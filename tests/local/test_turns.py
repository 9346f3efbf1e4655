"""Turns, from scripted words and from silence: frame by frame, with neither sockets nor a clock."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.local.segments import ChannelTranscriber
from deepgram_anyio.local.turns import TURN_SEGMENTS, Turn, TurnDetector, TurnSettings, end_of_turn_confidence

SCRIPT = ["one two three", "four five", "six", "seven", "eight"]
VOICE = ToneVoice(pause_s=0.0)
FRAME_S = 0.03


def silence(seconds: float) -> bytes:
    return bytes(2 * round(16000 * seconds))


def speech(words: int) -> bytes:
    return b"".join(VOICE.synthesize(" ".join(["word"] * words)))


def detector(script: list[str] | None = None, **fields: Any) -> TurnDetector:
    recognizer = ScriptedRecognizer(SCRIPT if script is None else script)
    detects = recognizer.detector()
    channel = ChannelTranscriber(recognizer.open(), detects, TURN_SEGMENTS)
    return TurnDetector(channel, detects.frame_bytes, TurnSettings(**fields))


def heard(turns: TurnDetector, *pieces: bytes) -> list[Turn]:
    return [turn for piece in pieces for turn in turns.feed(piece)]


def text(turn: Turn) -> str:
    return " ".join(word.word for word in turn.words)


def changes(turns: list[Turn]) -> list[tuple[str, int, str]]:
    return [(turn.event, turn.index, text(turn)) for turn in turns if turn.event != "Update"]


def test_the_confidence_is_the_documented_one() -> None:
    assert end_of_turn_confidence(0.0) == 0.0
    for quiet_s, confidence in ((0.31, 0.3), (0.6, 0.5), (1.04, 0.7), (1.99, 0.9)):
        assert end_of_turn_confidence(quiet_s) == pytest.approx(confidence, abs=0.005)


def test_turns_tile_the_timeline() -> None:
    turns = heard(detector(), silence(0.6), speech(3), silence(1.5), speech(2), silence(1.5))
    assert changes(turns) == [
        ("StartOfTurn", 0, "One"),
        ("EndOfTurn", 0, "One two three."),
        ("StartOfTurn", 1, "Four"),
        ("EndOfTurn", 1, "Four five."),
    ]
    first, second = (turn for turn in turns if turn.event == "EndOfTurn")
    assert (first.trigger, first.start_s, second.start_s) == ("model", 0.0, first.end_s)
    assert first.end_s == pytest.approx(1.5 + 1.04, abs=2 * FRAME_S)
    assert 0.7 <= first.confidence < 0.72
    assert first.words[0].start_s == pytest.approx(0.3, abs=0.1)  # a segment begins before the voice
    gaps = [later.end_s - earlier.end_s for earlier, later in pairwise(turns)]
    assert max(gaps) <= 0.25 + FRAME_S
    updates = [turn.end_s for turn in turns if turn.event == "Update"]
    assert min(later - earlier for earlier, later in pairwise(updates)) >= 0.25


def test_a_pause_that_is_too_short_ends_no_turn() -> None:
    turns = heard(detector(), speech(3), silence(0.7), speech(2), silence(1.2))
    assert changes(turns) == [("StartOfTurn", 0, "One"), ("EndOfTurn", 0, "One two three. Four five.")]


def test_an_eager_end_is_taken_back_or_confirmed() -> None:
    turns = heard(detector(eager_eot_threshold=0.4), speech(3), silence(0.7), speech(2), silence(1.2))
    assert changes(turns) == [
        ("StartOfTurn", 0, "One"),
        ("EagerEndOfTurn", 0, "One two three."),
        ("TurnResumed", 0, "One two three. Four"),
        ("EagerEndOfTurn", 0, "One two three. Four five."),
        ("EndOfTurn", 0, "One two three. Four five."),
    ]


def test_what_nobody_understands_is_no_turn() -> None:
    turns = heard(detector(["", "one"]), speech(2), silence(2.0), speech(1), silence(1.2))
    assert changes(turns) == [("StartOfTurn", 0, "One"), ("EndOfTurn", 0, "One.")]
    eager = heard(detector(["one", ""], eager_eot_threshold=0.4), speech(1), silence(0.6), speech(1), silence(1.5))
    assert [event for event, *_ in changes(eager)] == ["StartOfTurn", "EagerEndOfTurn", "EndOfTurn"]


@pytest.mark.parametrize(("threshold", "timeout_s", "trigger"), [(1.0, 2.0, "timeout"), (0.9, 0.5, "timeout")])
def test_the_timeout_ends_a_turn(threshold: float, timeout_s: float, trigger: str) -> None:
    turns = heard(detector(eot_threshold=threshold, eot_timeout_s=timeout_s), speech(1), silence(3.0))
    (end,) = (turn for turn in turns if turn.event == "EndOfTurn")
    assert end.trigger == trigger
    assert end.end_s == pytest.approx(0.3 + timeout_s, abs=2 * FRAME_S)


def test_with_1_0_the_confidence_ends_no_turn_however_long_it_is_quiet() -> None:
    turns = heard(detector(eot_threshold=1.0, eot_timeout_s=60.0), speech(1), silence(59.0))
    assert turns[-1].confidence == 1.0
    assert all(turn.event != "EndOfTurn" for turn in turns)


def test_a_turn_is_ended_by_hand() -> None:
    turns = detector(eager_eot_threshold=0.4)
    assert list(turns.force_end()) == []
    assert changes(heard(turns, silence(0.5), speech(3))) == [("StartOfTurn", 0, "One")]
    (end,) = turns.force_end()
    assert (end.event, end.trigger, text(end), end.index) == ("EndOfTurn", "manual", "One two three.", 0)
    assert list(turns.force_end()) == []
    assert changes(heard(turns, silence(0.5), speech(1), silence(0.6)))[-1] == ("EagerEndOfTurn", 1, "Four five.")
    assert changes(list(turns.force_end())) == [("EndOfTurn", 1, "Four five.")]


def test_a_turn_that_was_not_announced_yet_begins_before_it_is_ended_by_hand() -> None:
    turns = detector()
    assert changes(heard(turns, speech(1)[: 32 * 200])) == []
    assert changes(list(turns.force_end())) == [
        ("StartOfTurn", 0, "One two three."),
        ("EndOfTurn", 0, "One two three."),
    ]
    silent = detector([""])
    heard(silent, speech(1))
    assert list(silent.force_end()) == []


def test_new_words_take_an_eager_end_back_before_a_turn_is_ended_by_hand() -> None:
    turns = detector(eager_eot_threshold=0.4)
    heard(turns, speech(3), silence(0.6), speech(1)[: 32 * 200])
    assert changes(list(turns.force_end())) == [
        ("TurnResumed", 0, "One two three. Four five."),
        ("EndOfTurn", 0, "One two three. Four five."),
    ]


def test_settings_may_change_at_any_time() -> None:
    turns = detector(eot_threshold=1.0)
    assert changes(heard(turns, speech(1), silence(1.5)))[-1][0] == "StartOfTurn"
    turns.settings = TurnSettings(eot_threshold=0.5)
    assert changes(heard(turns, silence(0.03)))[-1][0] == "EndOfTurn"


def test_the_end_of_the_stream_is_an_update() -> None:
    turns = detector(eager_eot_threshold=0.4)
    sound = speech(3)
    heard(turns, sound[:10000])
    last = turns.finish(sound[10000:], 0.9)
    assert (last.event, text(last), last.end_s, last.trigger) == ("Update", "One two three.", 0.9, None)
    assert detector().finish(b"", 0.0).words == []
    turns.close()


def test_a_very_long_turn_is_one_turn() -> None:
    script = [" ".join(["la"] * 10)] * 3
    turns = heard(detector(script), speech(80), silence(1.5))
    assert [event for event, *_ in changes(turns)] == ["StartOfTurn", "EndOfTurn"]
    assert len(turns[-1].words if turns[-1].event == "EndOfTurn" else turns[-2].words) >= 20


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 1.6)), max_size=5),
    st.integers(1, 5000),
    st.sampled_from([None, 0.3, 0.5]),
)
def test_the_contract_holds_however_the_audio_is_split(
    script: list[tuple[int, float]], size: int, eager: float | None
) -> None:
    sound = b"".join(speech(words) + silence(pause_s) for words, pause_s in script)
    whole = heard(detector(eager_eot_threshold=eager), sound)
    size *= 2
    pieces = [sound[start : start + size] for start in range(0, len(sound), size)]
    assert heard(detector(eager_eot_threshold=eager), *pieces) == whole
    index, state, promised = 0, "Initial", ""
    for turn in whole:
        assert turn.index == index
        assert 0.0 <= turn.confidence <= 1.0
        assert (turn.trigger is not None) == (turn.event == "EndOfTurn")
        if turn.event == "StartOfTurn":
            assert state == "Initial"
            state = "Ongoing"
        elif turn.event == "EagerEndOfTurn":
            assert (state, bool(turn.words)) == ("Ongoing", True)
            state, promised = "Ending", text(turn)
        elif turn.event == "TurnResumed":
            assert state == "Ending"
            state = "Ongoing"
        elif turn.event == "EndOfTurn":
            assert state == "Ending" or (state, eager) == ("Ongoing", None)
            assert state == "Ongoing" or text(turn) == promised
            index, state = index + 1, "Initial"
        elif state == "Ending":
            assert text(turn) == promised
