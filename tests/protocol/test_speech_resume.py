"""A text-to-speech machine takes over from one whose connection broke: each text is heard to its end, once.

The audio is the text itself, letter by letter.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from deepgram_anyio.errors import LocalProtocolError
from deepgram_anyio.protocol import flux_speak, speak
from deepgram_anyio.protocol.flux_speak_machine import FluxSpeakMachine
from deepgram_anyio.protocol.frames import Text
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.machine import Machine, Resumption, Role
from deepgram_anyio.protocol.messages import Audio, Message
from deepgram_anyio.protocol.speak_machine import FLUSH_WINDOW_S, FLUSHES, SpeakMachine
from deepgram_anyio.protocol.speech_machine import Speech, SpeechMachine
from deepgram_anyio.protocol.timers import TimerSettings

from . import take
from .test_speak_table import CONNECTED, SESSION, SUMMARY

TIMERS = TimerSettings(drain_s=30.0)
ONE_BYTE_PER_MS = AudioFormat(encoding="mulaw", sample_rate=1000)
FLUSHED = speak.Flushed(sequence_id=0)
SPOKEN = flux_speak.SpeechMetadata(**SUMMARY)


def new(*, flux: bool) -> SpeechMachine[Any]:
    kind = FluxSpeakMachine if flux else SpeakMachine
    return kind(Role.CLIENT, TIMERS, 0.0, audio=ONE_BYTE_PER_MS)


def v1() -> SpeakMachine:
    return SpeakMachine(Role.CLIENT, TIMERS, 0.0, audio=ONE_BYTE_PER_MS)


def v2() -> FluxSpeakMachine:
    machine = FluxSpeakMachine(Role.CLIENT, TIMERS, 0.0, audio=ONE_BYTE_PER_MS)
    hear(machine, CONNECTED)
    return machine


def hear(machine: Machine[Any], *said: Message | bytes, now: float = 1.0) -> None:
    for message in said:
        if isinstance(message, bytes):
            machine.receive_binary(message, now)
        else:
            machine.receive_text(message.to_json(), now)


def resumed(broken: SpeechMachine[Any], now: float = 10.0) -> Any:
    """The machine that takes over, without a connection yet."""
    broken.receive_close(1006, "", now)
    machine = new(flux=isinstance(broken, FluxSpeakMachine))
    machine.take_over(broken, now)
    return machine


def said(machine: Machine[Any]) -> list[Any]:
    """What a client says: texts as they are, and the names of other messages."""
    sent = [frame.data for frame in take(machine) if isinstance(frame, Text)]
    messages = [msgspec.json.decode(data) for data in sent]
    return [message.get("text") or message["type"] for message in messages]


def offsets(machine: Machine[Any]) -> list[int]:
    """Where playback stood, as interruptions tell the server."""
    messages = [msgspec.json.decode(frame.data) for frame in take(machine) if isinstance(frame, Text)]
    return [message["playback_offset"]["value"] for message in messages if message["type"] == "Interrupt"]


def audio(speech: Speech) -> bytes:
    return b"".join(speech.take() for _ in range(len(speech.chunks)))


# What is spoken again


def test_text_that_was_not_spoken_to_its_end_is_spoken_again_in_order() -> None:
    broken = v1()
    broken.speak(["done"], 0.0)
    broken.flush(0.0)
    broken.speak(["one ", "two"], 0.0)
    broken.flush(0.0)
    broken.speak(["three"], 0.0)
    broken.flush(0.0)
    broken.speak(["open"], 0.0)
    hear(broken, b"done", FLUSHED, b"on")
    machine = resumed(broken)
    assert said(machine) == ["one ", "two", "Flush", "three", "Flush", "open"]
    assert machine.text_chars == broken.text_chars == 20
    assert machine.resumption() == Resumption(replayed_chars=16, repeated_bytes=2)
    assert machine.resumption() == Resumption()
    machine.flush(11.0)
    hear(machine, b"one two", FLUSHED, b"three", FLUSHED, b"open", FLUSHED)
    heard = [bytes(event.data) for event in machine.events if isinstance(event, Audio)]
    assert heard == [b"done", b"on", b"one two", b"three", b"open"]
    assert machine.audio_bytes == 22
    assert said(machine) == ["Flush"]


@pytest.mark.parametrize("flux", [False, True])
def test_a_synthesis_gets_each_byte_once(flux: bool) -> None:
    broken = new(flux=flux)
    hear(broken, *([CONNECTED] if flux else []))
    end = SPOKEN if flux else FLUSHED
    first, second = broken.synthesize(["first"], 0.0), broken.synthesize(["second"], 0.0)
    hear(broken, b"fi", b"r")
    assert audio(first) == b"fir"
    machine = resumed(broken)
    hear(machine, *([CONNECTED] if flux else []), b"f", b"ir")
    assert (audio(first), machine.held_bytes) == (b"", 0)
    hear(machine, b"s")
    machine = resumed(machine)
    hear(machine, *([CONNECTED] if flux else []), b"first"[:2])
    machine = resumed(machine)  # while it was still repeating
    assert machine.resumption() == Resumption(replayed_chars=5)
    hear(machine, *([CONNECTED] if flux else []), b"first", end, b"second", end)
    assert (audio(first), audio(second)) == (b"st", b"second")
    assert not [event for event in machine.events if isinstance(event, Audio)]
    assert said(machine) == ["first", "Flush", "second", "Flush"]
    assert machine.progressed


def test_empty_flushes_are_repeated_where_they_are_answered() -> None:
    broken = v1()
    broken.flush(0.0)
    machine = resumed(broken)
    assert said(machine) == ["Flush"]
    broken_v2 = v2()
    broken_v2.flush(0.0)
    assert said(resumed(broken_v2)) == []


def test_what_was_released_is_not_spoken_again_and_the_next_one_goes() -> None:
    broken = v1()
    first, second = broken.synthesize(["first"], 0.0), broken.synthesize(["second"], 0.0)
    broken.release(first)
    machine = resumed(broken)
    assert said(machine) == ["second", "Flush"]
    assert machine.resumption() == Resumption()
    hear(machine, b"second", FLUSHED)
    assert (audio(first), audio(second)) == (b"", b"second")


@pytest.mark.parametrize("flux", [False, True])
def test_what_was_cut_stays_cut_and_what_came_behind_is_spoken(flux: bool) -> None:
    broken = new(flux=flux)
    hear(broken, *([CONNECTED] if flux else []))
    broken.speak(["before"], 0.0)
    broken.flush(0.0)
    alone = broken.synthesize(["alone"], 0.0)
    hear(broken, b"bef")
    broken.cut(flux_speak.Interrupt() if flux else speak.Clear(), 0.0)
    broken.speak(["after"], 0.0)
    machine = resumed(broken)
    assert said(machine) == ["after"]
    assert (alone.cut, machine.resumption()) == (True, Resumption(replayed_chars=5))
    machine.flush(11.0)
    hear(machine, *([CONNECTED] if flux else []), b"after")
    assert [bytes(event.data) for event in machine.events if isinstance(event, Audio)] == [b"bef", b"after"]


def test_a_text_can_be_cut_while_there_is_no_connection() -> None:
    broken = v1()
    broken.speak(["text"], 0.0)
    broken.flush(0.0)
    hear(broken, b"te")
    machine = resumed(broken)
    machine.clear(10.0)
    assert said(machine) == ["text", "Flush", "Clear"]
    assert machine.resumption() == Resumption()  # nothing of it will come again
    hear(machine, b"text", FLUSHED, speak.Cleared(sequence_id=1))
    assert [bytes(event.data) for event in machine.events if isinstance(event, Audio)] == [b"te"]


def test_text_that_was_not_sent_waits_for_its_turn_and_new_text_for_both() -> None:
    broken = v2()
    speeches = [broken.synthesize([text], 0.0) for text in ("one", "two")]
    machine = resumed(broken)
    speeches.append(machine.synthesize(["three"], 10.0))
    assert said(machine) == ["one", "Flush"]
    hear(machine, CONNECTED, b"one", SPOKEN, b"two", SPOKEN, b"three", SPOKEN)
    assert [audio(speech) for speech in speeches] == [b"one", b"two", b"three"]
    assert said(machine) == ["two", "Flush", "three", "Flush"]


@pytest.mark.parametrize("flux", [False, True])
def test_a_stream_that_was_to_end_ends_on_the_new_connection(flux: bool) -> None:
    broken = new(flux=flux)
    hear(broken, *([CONNECTED] if flux else []))
    broken.speak(["text"], 0.0)
    broken.close_stream(0.0)
    machine = resumed(broken)
    assert said(machine) == ["text", "Flush"]
    with pytest.raises(LocalProtocolError, match="after the end"):
        machine.speak(["more"], 10.0)
    hear(machine, *([CONNECTED] if flux else []), b"text", SPOKEN if flux else FLUSHED)
    assert said(machine) == ["Close"]


def test_a_break_while_the_session_is_summed_up_asks_for_the_sum_again() -> None:
    broken = v2()
    broken.close_stream(0.0)
    assert said(broken) == ["Close"]
    machine = resumed(broken)
    assert said(machine) == ["Close"]
    hear(machine, CONNECTED, SESSION)
    machine.receive_close(1000, "", 11.0)
    assert (machine.failure, machine.metadata) == (None, SESSION)


def test_what_comes_again_is_told_even_when_the_next_connection_never_greeted() -> None:
    broken = v2()
    broken.speak(["text"], 0.0)
    broken.flush(0.0)
    hear(broken, b"tex")
    machine = resumed(resumed(broken))
    assert machine.resumption() == Resumption(replayed_chars=4, repeated_bytes=3)


# Accounts, settings and pacing


def test_latency_counts_from_the_repetition_only_for_what_was_not_heard() -> None:
    broken = v1()
    broken.synthesize(["text"], 0.0)
    machine = resumed(broken, 10.0)
    hear(machine, b"text", now=10.5)
    assert machine.first_audio_s == 0.5
    machine = resumed(machine, 20.0)
    hear(machine, b"text", now=20.5)
    assert machine.first_audio_s == 0.5


def test_a_setting_is_said_again_before_all_text() -> None:
    broken = v2()
    broken.configure(0.0, speed=1.2)
    broken.configure(0.0, speed=1.5)
    broken.speak(["text"], 0.0)
    machine = resumed(resumed(broken))
    frames = [frame.data for frame in take(machine) if isinstance(frame, Text)]
    assert frames == [flux_speak.Configure(speed=1.5).to_json().encode(), b'{"type":"Speak","text":"text"}']


def test_positions_of_playback_are_told_on_the_timeline_of_the_whole_stream() -> None:
    broken = v2()
    broken.speak(["x"], 0.0)
    broken.flush(0.0)
    hear(broken, b"x" * 400, SPOKEN)
    machine = resumed(broken)
    hear(machine, CONNECTED)
    machine.speak(["y"], 10.0)
    machine.flush(10.0)
    hear(machine, b"y" * 100)
    take(machine)
    machine.interrupt(11.0, playback_offset_ms=450)
    machine.interrupt(11.0, playback_offset_ms=300)
    assert offsets(machine) == [50, 0]
    hear(machine, flux_speak.SpeechInterrupted(audio_played_ms=50, metadata=flux_speak.TurnMetadata(**SUMMARY)))
    assert machine.events[-1].audio_played_ms == 450


def test_what_a_synthesis_skips_does_not_move_its_playback() -> None:
    machine = v2()
    speech = machine.synthesize(["x"], 0.0)
    hear(machine, b"x" * 300)
    machine = resumed(machine)
    hear(machine, CONNECTED, b"x" * 200)
    machine = resumed(machine)
    hear(machine, CONNECTED, b"x" * 400)
    assert len(audio(speech)) == 400
    take(machine)
    machine.interrupt(11.0, playback_offset_ms=350)
    assert offsets(machine) == [350]


def test_a_new_connection_takes_as_many_flushes_as_the_first() -> None:
    broken = v1()
    for number in range(FLUSHES):
        speech = broken.synthesize([str(number)], 0.0)
        hear(broken, b"x", FLUSHED)
        assert speech.ended
    waiting = broken.synthesize(["waits"], 0.0)
    assert broken.paced
    machine = resumed(broken)
    assert not machine.paced
    assert said(machine) == ["waits", "Flush"]
    hear(machine, b"waits", FLUSHED)
    assert audio(waiting) == b"waits"


def test_a_flush_that_the_server_ignored_is_not_waited_for_on_a_new_connection() -> None:
    broken = v1()
    broken.speak(["text"], 0.0)
    broken.flush(0.0)
    hear(broken, speak.Warning(code="EXCESSIVE_FLUSH"))
    assert broken.next_deadline() == pytest.approx(1.0 + FLUSH_WINDOW_S, abs=2.0)
    machine = resumed(broken)
    assert said(machine) == ["text", "Flush"]
    assert machine.next_deadline() is None
