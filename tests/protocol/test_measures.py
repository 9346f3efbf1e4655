"""What machines measure, and tell whoever wants to know."""

from __future__ import annotations

from typing import Any

import pytest

from deepgram_anyio.errors import ConnectionClosed
from deepgram_anyio.protocol import speak
from deepgram_anyio.protocol.ledger import AudioFormat
from deepgram_anyio.protocol.machine import Machine, Role
from deepgram_anyio.protocol.measures import Measure
from deepgram_anyio.protocol.policy import ReconnectPolicy
from deepgram_anyio.protocol.speak_machine import SpeakMachine
from deepgram_anyio.protocol.timers import TimerSettings

from . import LINEAR16, client, results
from .flux_support import connected, turn

SECOND = bytes(32_000)


def told(machine: Machine[Any]) -> list[tuple[Measure, float]]:
    """The list that the machine's measures go to."""
    measures: list[tuple[Measure, float]] = []
    machine.measured = lambda what, seconds: measures.append((what, round(seconds, 6)))
    return measures


def test_the_first_result_and_every_final() -> None:
    machine = client()
    measures = told(machine)
    machine.send_audio(SECOND, 1.0)
    machine.receive_text(results(0.0, 0.5).to_json(), 1.3)
    machine.send_audio(SECOND, 2.0)
    machine.receive_text(results(0.0, 1.0, is_final=True).to_json(), 2.25)
    machine.receive_text(results(1.0, 1.0, is_final=True).to_json(), 2.5)
    assert measures == [(Measure.FIRST_RESULT, 0.3), (Measure.FINAL, 1.25), (Measure.FINAL, 0.5)]
    assert machine.ledger.first_result_s == pytest.approx(0.3)


def test_the_latency_of_the_transcript_is_the_vendors_x_minus_y_of_interim_results() -> None:
    machine = client()
    assert machine.ledger.transcript_latency_s is None
    machine.send_audio(SECOND, 1.0)
    machine.send_audio(SECOND, 2.0)
    machine.receive_text(results(0.0, 1.5).to_json(), 2.1)
    assert machine.ledger.transcript_latency_s == 0.5
    machine.receive_text(results(0.0, 1.0, is_final=True).to_json(), 2.2)
    assert machine.ledger.transcript_latency_s == 0.5
    machine.receive_text(results(0.0, 2.5).to_json(), 2.3)  # further than what was sent
    assert machine.ledger.transcript_latency_s == 0.0


def test_a_container_tells_when_its_first_result_came_and_no_latency() -> None:
    machine = client(audio=AudioFormat())
    measures = told(machine)
    machine.send_audio(b"OggS", 1.0)
    machine.send_audio(b"more", 2.0)
    machine.receive_text(results(0.0, 1.0, is_final=True).to_json(), 3.0)
    machine.receive_text(results(1.0, 1.0).to_json(), 4.0)
    assert measures == [(Measure.FIRST_RESULT, 2.0)]
    assert (machine.ledger.latency_s, machine.ledger.transcript_latency_s) == (None, None)


def test_results_before_any_audio_measure_nothing() -> None:
    machine = client()
    measures = told(machine)
    machine.receive_text(results(0.0, 0.0, is_final=True).to_json(), 1.0)
    assert measures == []


def test_nobody_has_to_listen() -> None:
    machine = client()
    machine.send_audio(SECOND, 1.0)
    machine.receive_text(results(0.0, 1.0, is_final=True).to_json(), 1.5)
    assert (machine.ledger.latency_s, machine.ledger.first_result_s) == (0.5, 0.5)


def test_turns_that_end_are_finals() -> None:
    machine = connected()
    measures = told(machine)
    machine.send_audio(SECOND, 1.0)
    machine.receive_text(turn(until=0.25, text="hi").to_json(), 1.25)
    assert machine.ledger.transcript_latency_s == 0.75
    machine.receive_text(turn("EndOfTurn", 2, until=1.0, text="hi").to_json(), 1.5)
    assert measures == [(Measure.FIRST_RESULT, 0.25), (Measure.FINAL, 0.5)]


def test_the_first_audio_of_each_text() -> None:
    machine = SpeakMachine(Role.CLIENT, TimerSettings(), 0.0)
    measures = told(machine)
    for began in (1.0, 5.0):
        machine.speak(["Hello."], began)
        machine.flush(began + 0.5)
        machine.receive_binary(b"..", began + 0.75)
        machine.receive_binary(b"..", began + 2.0)
        machine.receive_text(speak.Flushed(sequence_id=0).to_json(), began + 2.0)
    machine.receive_binary(b"..", 9.0)  # of no text that was asked for
    assert measures == [(Measure.FIRST_AUDIO, 0.25)] * 2


def test_the_next_connection_tells_the_same_listener() -> None:
    policy = ReconnectPolicy()
    machine = client(reconnect=policy)
    measures = told(machine)
    machine.send_audio(SECOND, 1.0)
    machine.fail(ConnectionClosed(code=1006))
    successor = client(now=2.0, reconnect=policy, audio=LINEAR16)
    successor.take_over(machine, 2.0)
    successor.opened(3.0)
    successor.on_deadline(3.0)
    successor.receive_text(results(0.0, 1.0, is_final=True).to_json(), 4.0)
    assert measures == [(Measure.FIRST_RESULT, 3.0), (Measure.FINAL, 3.0)]


def test_the_code_of_a_close() -> None:
    machine = client()
    assert machine.close_code is None
    machine.receive_close(1011, "NET-0001", 1.0)
    assert machine.close_code == 1011
    other = client()
    other.close(1000)
    assert other.close_code == 1000
