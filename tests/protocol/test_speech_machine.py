"""What the correlation tests leave open: refusals, accounts, pacing, and the end of a text-to-speech stream."""

from __future__ import annotations

from typing import Any

import pytest

from deepgram_anyio.errors import ConnectionClosed, LocalProtocolError
from deepgram_anyio.errors import TimeoutError as DeadlineError
from deepgram_anyio.protocol import flux_speak, speak
from deepgram_anyio.protocol.flux_speak_machine import FluxSpeakMachine
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.machine import Machine, Role
from deepgram_anyio.protocol.messages import Audio, Message
from deepgram_anyio.protocol.speak_machine import FLUSH_WINDOW_S, FLUSHES, SpeakMachine
from deepgram_anyio.protocol.speech_machine import Speech, SpeechMachine
from deepgram_anyio.protocol.timers import TimerSettings

from . import take, wire_types
from .test_speak_table import CONNECTED, SESSION, SUMMARY

TIMERS = TimerSettings(ping_s=20.0, pong_s=20.0, drain_s=30.0)
LINEAR16 = AudioFormat(encoding="linear16", sample_rate=24000)
FLUSHED = speak.Flushed(sequence_id=0)
CLEARED = speak.Cleared(sequence_id=1)
SPOKEN = flux_speak.SpeechMetadata(**SUMMARY)
INTERRUPTED = flux_speak.SpeechInterrupted(audio_played_ms=1, metadata=flux_speak.TurnMetadata(**SUMMARY))
TOO_MANY = speak.Warning(code="EXCESSIVE_FLUSH", description="no")


def v1(timers: TimerSettings = TIMERS) -> SpeakMachine:
    return SpeakMachine(Role.CLIENT, timers, 0.0, audio=LINEAR16)


def v2(timers: TimerSettings = TIMERS) -> FluxSpeakMachine:
    machine = FluxSpeakMachine(Role.CLIENT, timers, 0.0)
    hear(machine, CONNECTED)
    return machine


def hear(machine: Machine[Any], *said: Message | bytes, now: float = 1.0) -> None:
    for message in said:
        if isinstance(message, bytes):
            machine.receive_binary(message, now)
        else:
            machine.receive_text(message.to_json(), now)


def kinds(machine: Machine[Any]) -> list[str]:
    names = [type(event).__name__ for event in machine.events]
    machine.events.clear()
    return names


def audio(speech: Speech) -> bytes:
    return b"".join(speech.take() for _ in range(len(speech.chunks)))


def test_the_audio_of_a_synthesis_is_no_event() -> None:
    machine = v1()
    machine.speak(["by hand"], 0.0)
    machine.flush(0.0)
    speech = machine.synthesize(["alone"], 0.0)
    hear(machine, b"hand", FLUSHED, b"al", b"one")
    assert (speech.ended, speech.held_bytes, machine.held_bytes) == (False, 5, 5)
    hear(machine, FLUSHED)
    assert (speech.ended, speech.cut) == (True, False)
    assert audio(speech) == b"alone"
    machine.release(speech)
    assert not speech.cut
    assert kinds(machine) == ["Audio", "Flushed", "Flushed"]
    assert machine.audio_bytes == 9
    assert wire_types(take(machine)) == ["Speak", "Flush", "Speak", "Flush"]


def test_one_synthesis_at_a_time_is_on_the_wire() -> None:
    machine = v2()
    first, second = machine.synthesize(["one"], 0.0), machine.synthesize(["two ", "parts"], 0.0)
    assert wire_types(take(machine)) == ["Speak", "Flush"]
    hear(machine, flux_speak.Flushed(speech_id="s"), flux_speak.SpeechStarted(speech_id="s"), b"1")
    assert not machine.outgoing
    hear(machine, SPOKEN)
    assert wire_types(take(machine)) == ["Speak", "Speak", "Flush"]
    hear(machine, b"2", SPOKEN)
    assert (audio(first), audio(second)) == (b"1", b"2")


def test_text_by_hand_does_not_get_into_a_synthesis() -> None:
    machine = v2()
    machine.speak(["", "not flushed", ""], 0.0)
    speech = machine.synthesize(["alone"], 0.0)
    assert wire_types(take(machine)) == ["Speak", "Flush", "Speak", "Flush"]
    hear(machine, b"hand", SPOKEN, b"alone", SPOKEN)
    assert audio(speech) == b"alone"
    assert kinds(machine) == ["Connected", "Audio", "SpeechMetadata", "SpeechMetadata"]


def test_a_synthesis_of_nothing_ends_at_once() -> None:
    machine = v1()
    speech = machine.synthesize([], 0.0)
    assert speech.ended
    assert not machine.outgoing


def test_what_was_released_is_dropped_and_the_next_one_comes() -> None:
    machine = v1()
    first, second, third = (machine.synthesize([text], 0.0) for text in ("first", "second", "third"))
    hear(machine, b"fi")
    machine.release(first)
    machine.release(second)  # never sent
    hear(machine, b"rst", FLUSHED, b"third", FLUSHED)
    assert wire_types(take(machine)) == ["Speak", "Flush", "Speak", "Flush"]
    assert [(audio(speech), speech.cut) for speech in (first, second, third)] == [
        (b"", True),
        (b"", True),
        (b"third", False),
    ]
    assert machine.held_bytes == 0


@pytest.mark.parametrize("flux", [False, True])
def test_a_cut_ends_everything_before_it_and_nothing_after(flux: bool) -> None:
    machine: SpeechMachine[Any] = v2() if flux else v1()
    first, second = machine.synthesize(["first"], 0.0), machine.synthesize(["second"], 0.0)
    hear(machine, b"fi")
    if isinstance(machine, FluxSpeakMachine):
        machine.interrupt(1.0, playback_offset_ms=20)
    elif isinstance(machine, SpeakMachine):
        machine.clear(1.0)
    third = machine.synthesize(["third"], 1.0)
    hear(machine, b"rs", b"t", INTERRUPTED if flux else CLEARED, b"third", SPOKEN if flux else FLUSHED)
    assert [speech.cut for speech in (first, second, third)] == [True, True, False]
    assert [audio(speech) for speech in (first, second, third)] == [b"", b"", b"third"]
    assert "Audio" not in kinds(machine)
    assert wire_types(take(machine)) == ["Speak", "Flush", "Interrupt" if flux else "Clear", "Speak", "Flush"]


def test_a_cut_drops_what_came_and_was_not_taken() -> None:
    machine = v1()
    speech, taken = machine.synthesize(["text"], 0.0), machine.synthesize(["other"], 0.0)
    hear(machine, b"text", FLUSHED, b"other", FLUSHED)
    assert audio(taken) == b"other"
    assert speech.ended
    machine.clear(1.0)
    assert (speech.cut, audio(speech), machine.held_bytes, taken.cut) == (True, b"", 0, False)


def test_a_cut_drops_the_audio_of_text_by_hand_too() -> None:
    machine = v1()
    machine.speak(["by hand"], 0.0)
    hear(machine, b"early")
    machine.clear(0.0)
    machine.speak(["later"], 0.0)
    hear(machine, b"late", CLEARED, b"later")
    assert [event for event in machine.events if isinstance(event, Audio)] == [Audio(b"early"), Audio(b"later")]


def test_answers_that_nobody_asked_for_change_nothing() -> None:
    machine = v1()
    hear(machine, CLEARED, FLUSHED, b"audio", TOO_MANY)
    assert kinds(machine) == ["Cleared", "Flushed", "Audio", "Warning"]
    machine.clear(0.0)
    hear(machine, FLUSHED, TOO_MANY, CLEARED)
    assert not machine.ended
    flux = v2()
    hear(flux, SPOKEN, INTERRUPTED, flux_speak.Warning(code="INTERRUPT_IN_PROGRESS", description=""))
    assert not flux.ended


def test_text_that_waits_is_flushed_before_an_interrupt() -> None:
    machine = v2()
    machine.speak(["before the first audio"], 0.0)
    machine.interrupt(0.0)
    speech = machine.synthesize(["next"], 0.0)
    assert wire_types(take(machine)) == ["Speak", "Flush", "Interrupt", "Speak", "Flush"]
    refusal = flux_speak.Warning(code="NO_AUDIO_GENERATED", description="")
    hear(machine, refusal, b"before", SPOKEN, b"next", SPOKEN)
    assert audio(speech) == b"next"
    assert "Audio" not in kinds(machine)


def test_of_two_interrupts_the_second_may_be_refused() -> None:
    machine = v2()
    machine.synthesize(["a"], 0.0)
    machine.interrupt(0.0)
    speech = machine.synthesize(["b"], 0.0)
    machine.interrupt(0.0)
    last = machine.synthesize(["c"], 0.0)
    hear(machine, flux_speak.Warning(code="INTERRUPT_IN_PROGRESS", description=""), b"a", INTERRUPTED)
    hear(machine, b"b", SPOKEN, b"c", SPOKEN)
    assert (speech.cut, audio(last)) == (True, b"c")


def test_an_empty_flush_goes_out_where_it_is_answered() -> None:
    machine, flux = v1(), v2()
    machine.flush(0.0)
    flux.flush(0.0)
    assert (wire_types(take(machine)), wire_types(take(flux))) == (["Flush"], [])
    flux.fail(ConnectionClosed())
    with pytest.raises(ConnectionClosed):
        flux.flush(0.0)


def test_how_long_the_first_audio_took() -> None:
    machine = v1()
    assert machine.first_audio_s is None
    machine.speak(["begun"], 1.0)
    hear(machine, b"early", now=1.5)
    assert machine.first_audio_s == 0.5
    machine.flush(2.0)
    hear(machine, b"more", FLUSHED, now=5.0)
    assert machine.first_audio_s == 0.5
    machine.synthesize(["next"], 6.0)
    hear(machine, b"x", FLUSHED, b"nobody's", now=6.25)
    assert machine.first_audio_s == 0.25
    assert machine.text_chars == 9


def test_greetings_and_sums_are_kept() -> None:
    machine, flux = v1(), v2()
    hear(machine, speak.Metadata(request_id="r", model_name="m", model_version="v", model_uuid="u"))
    assert machine.metadata is not None
    assert flux.connected == CONNECTED
    flux.configure(0.0, speed=1.25)
    flux.close_stream(0.0)
    hear(flux, SESSION)
    assert flux.metadata == SESSION
    assert take(flux)[0].data == b'{"type":"Configure","speed":1.25}'  # type: ignore[union-attr]


def test_a_server_makes_no_difference_between_texts() -> None:
    machine = SpeakMachine(Role.SERVER, TimerSettings(), 0.0)
    machine.send_audio(b"\0\0", 0.0)
    hear(machine, speak.Speak(text="a"), speak.Flush())
    assert kinds(machine) == ["Speak", "Flush"]
    assert machine.audio_bytes == 0


# The end


@pytest.mark.parametrize("flux", [False, True])
def test_the_end_waits_for_all_audio(flux: bool) -> None:
    machine: SpeechMachine[Any] = v2() if flux else v1()
    done = SPOKEN if flux else FLUSHED
    machine.speak(["by hand"], 0.0)
    first, second = machine.synthesize(["one"], 0.0), machine.synthesize(["two"], 0.0)
    machine.speak(["later"], 0.0)
    machine.close_stream(0.0)
    machine.close_stream(0.0)
    assert machine.draining
    hear(machine, b"hand", done, b"one", done)
    assert "Close" not in wire_types(take(machine))
    hear(machine, b"later", done, b"two", done)
    assert wire_types(take(machine))[-1] == "Close"
    assert (audio(first), audio(second)) == (b"one", b"two")
    machine.close_stream(1.0)
    if flux:
        hear(machine, SESSION)
    machine.receive_close(1000, "", 2.0)
    machine.close_stream(3.0)
    assert machine.state.value == "closed"
    assert not machine.outgoing


def test_an_idle_stream_ends_at_once() -> None:
    machine = v1()
    machine.close_stream(0.0)
    assert wire_types(take(machine)) == ["Close"]


def test_after_the_end_nothing_can_be_said() -> None:
    machine = v2()
    machine.speak(["a"], 0.0)
    machine.close_stream(0.0)
    for say in (
        lambda: machine.speak(["b"], 0.0),
        lambda: machine.flush(0.0),
        lambda: machine.synthesize(["b"], 0.0),
        lambda: machine.configure(0.0, speed=1.0),
    ):
        with pytest.raises(LocalProtocolError, match="after the end of the stream"):
            say()
    machine.interrupt(0.0)
    hear(machine, INTERRUPTED)
    assert wire_types(take(machine)) == ["Speak", "Flush", "Interrupt", "Close"]
    with pytest.raises(LocalProtocolError, match="closing"):
        machine.synthesize(["b"], 0.0)
    machine.receive_close(1006, "", 1.0)
    for say in (lambda: machine.synthesize(["b"], 0.0), lambda: machine.close_stream(0.0)):
        with pytest.raises(ConnectionClosed):
            say()


def test_an_ended_stream_can_be_ended_again_and_a_failed_one_tells() -> None:
    machine = v1()
    machine.close()
    machine.close_stream(0.0)
    broken = v1()
    broken.fail(ConnectionClosed("gone"))
    with pytest.raises(ConnectionClosed, match="gone"):
        broken.close_stream(0.0)


def test_a_silent_server_is_given_up_after_the_end() -> None:
    machine = v1(TimerSettings(drain_s=30.0))
    machine.speak(["a"], 0.0)
    assert machine.next_deadline() is None
    machine.close_stream(5.0)
    assert machine.retimed
    assert machine.next_deadline() == 35.0
    hear(machine, b"audio", now=30.0)
    assert machine.next_deadline() == 60.0
    machine.on_deadline(60.0)
    assert isinstance(machine.failure, DeadlineError)


# The limit on flushes


def test_syntheses_keep_to_the_servers_limit() -> None:
    machine = v1(TimerSettings(drain_s=30.0))
    for number in range(FLUSHES):
        machine.synthesize([f"text {number}"], float(number))
        hear(machine, FLUSHED, now=float(number))
    assert machine.next_deadline() is None
    late = machine.synthesize(["late"], 20.0)
    machine.close_stream(20.0)
    assert wire_types(take(machine)).count("Flush") == FLUSHES
    assert not machine.draining
    due = machine.next_deadline()
    assert due is not None
    assert FLUSH_WINDOW_S < due < FLUSH_WINDOW_S + 5
    machine.on_deadline(due)
    assert wire_types(take(machine)) == ["Speak", "Flush"]
    assert machine.next_deadline() == due + 30.0
    hear(machine, b"late", FLUSHED, now=due)
    assert audio(late) == b"late"
    assert wire_types(take(machine)) == ["Close"]


def test_a_flush_that_was_ignored_is_repeated() -> None:
    machine = v1(TimerSettings(ping_s=50.0, pong_s=200.0))
    speech = machine.synthesize(["text"], 0.0)
    waiting = machine.synthesize(["next"], 0.0)
    hear(machine, speak.Warning(warn_msg="Flush was ignored"), speak.Warning(description="something else"), now=1.0)
    take(machine)
    machine.on_deadline(50.0)
    assert wire_types(take(machine)) == ["Ping"]
    machine.on_deadline(62.0)
    assert wire_types(take(machine)) == ["Flush"]
    hear(machine, b"text", FLUSHED, now=63.0)
    assert (audio(speech), speech.ended, waiting.ended) == (b"text", True, False)
    assert wire_types(take(machine)) == ["Speak", "Flush"]


def test_flushes_by_hand_that_were_ignored_become_one() -> None:
    machine = v1(TimerSettings())
    for _ in range(FLUSHES + 3):
        machine.speak(["a"], 0.0)
        machine.flush(0.0)
    hear(machine, *[FLUSHED] * FLUSHES, *[TOO_MANY] * 3)
    speech = machine.synthesize(["alone"], 2.0)
    take(machine)
    machine.on_deadline(62.0)
    assert wire_types(take(machine)) == ["Flush", "Speak", "Flush"]
    hear(machine, b"aaa", FLUSHED, b"alone", FLUSHED, now=62.0)
    assert audio(speech) == b"alone"


def test_an_ignored_flush_holds_up_no_synthesis_for_ever() -> None:
    machine = v1(TimerSettings())
    machine.speak(["by hand"], 0.0)
    speech = machine.synthesize(["text"], 0.0)
    hear(machine, TOO_MANY, TOO_MANY)
    machine.on_deadline(62.0)
    hear(machine, b"both", FLUSHED, now=62.0)
    assert (speech.ended, speech.cut, machine.next_deadline()) == (True, False, None)


def test_a_clear_takes_back_a_flush_that_was_to_be_repeated() -> None:
    machine = v1(TimerSettings())
    machine.synthesize(["text"], 0.0)
    hear(machine, TOO_MANY, TOO_MANY)
    assert machine.next_deadline() is not None
    machine.clear(2.0)
    assert machine.next_deadline() is None


@pytest.mark.parametrize("hook", ["speak_message"])
def test_a_socket_kind_says_what_carries_its_text(hook: str) -> None:
    class Bare(SpeechMachine[Any]):
        kind = SpeakMachine.kind

    machine = Bare(Role.CLIENT, TimerSettings(), 0.0)
    with pytest.raises(NotImplementedError):
        machine.speak_message("a")
    machine.on_flush(0.0)
    assert machine.flush_allowed_at() is None
