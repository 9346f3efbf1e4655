"""Which audio belongs to which text: a client's machine against a model of the server, in any order of events.

The model's audio is the text itself: text sent by hand in capitals, text of a `synthesize` in small letters, each with
its number. So every byte shows where it comes from.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from deepgram_anyio.protocol import flux_speak, speak
from deepgram_anyio.protocol.flux_speak_machine import FluxSpeakMachine
from deepgram_anyio.protocol.frames import Text
from deepgram_anyio.protocol.machine import Role
from deepgram_anyio.protocol.messages import Audio, Message
from deepgram_anyio.protocol.speak_machine import SpeakMachine
from deepgram_anyio.protocol.speech_machine import Speech, SpeechMachine
from deepgram_anyio.protocol.timers import TimerSettings

from . import steady
from .test_speak_table import SUMMARY

FLUSHES, WINDOW_S = 20, 60.0


class ModelServer:
    """Either server, told by its messages: `take` a message, `step` to say the next thing.

    Attributes:
        said: messages and audio under way to the client.
        flux: whether it is the turn-based one.
        lame: refuses every other `Interrupt`.
    """

    def __init__(self, *, flux: bool, lame: bool) -> None:
        self.flux = flux
        self.lame = lame
        self.said: deque[Message | bytes] = deque()
        self.closed = False
        self.warned = 0
        self._text = ""
        self._open = False
        self._turns: deque[deque[str]] = deque()
        self._flushes: deque[float] = deque()
        self._numbers = 0
        self._interrupts = 0
        self._heard = False

    def take(self, data: str, now: float) -> None:
        message = json.loads(data)
        kind = message["type"]
        if kind == "Speak":
            self._text += message["text"]
            self._open = True
        elif kind == "Flush":
            self._flush(now)
        elif kind == "Close":
            self.closed = True
        else:
            self._cut(kind)

    def _flush(self, now: float) -> None:
        if self.flux:
            if not self._open:
                self.said.append(flux_speak.Warning(code="NO_ACTIVE_SPEECH", description=""))
                return
            self.said.append(flux_speak.Flushed(speech_id="s"))
        else:
            while self._flushes and self._flushes[0] <= now - WINDOW_S:
                self._flushes.popleft()
            if len(self._flushes) >= FLUSHES:
                self.warned += 1
                self.said.append(speak.Warning(warn_msg="Too many Flush messages"))
                return
            self._flushes.append(now)
        self._turns.append(deque(self._text))
        self._text, self._open = "", False

    def _cut(self, kind: str) -> None:
        if kind == "Interrupt":
            self._interrupts += 1
            if not self._heard:
                self.said.append(flux_speak.Warning(code="NO_AUDIO_GENERATED", description=""))
                return
            if self.lame and self._interrupts % 2:
                self.said.append(flux_speak.Warning(code="INVALID_INTERRUPT_OFFSET", description=""))
                return
        active = bool(self._turns or self._open)
        self._turns.clear()
        self._text, self._open = "", False
        if kind == "Clear":
            self.said.append(speak.Cleared(sequence_id=0))
        elif active:
            self.said.append(
                flux_speak.SpeechInterrupted(audio_played_ms=1, metadata=flux_speak.TurnMetadata(**SUMMARY))
            )
        else:
            self.said.append(flux_speak.Warning(code="NO_ACTIVE_SPEECH", description=""))

    def step(self, *, eager: bool = False) -> bool:
        """Say one thing; eager, also of text that was not flushed. Returns whether there was anything to say."""
        if self._turns and self._turns[0]:
            self.said.append(self._turns[0].popleft().encode())
            self._heard = True
        elif self._turns:
            self._turns.popleft()
            self.said.append(
                flux_speak.SpeechMetadata(**SUMMARY) if self.flux else speak.Flushed(sequence_id=self._numbers)
            )
            self._numbers += 1
        elif eager and self._text:
            self.said.append(self._text[0].encode())
            self._text = self._text[1:]
            self._heard = True
        else:
            return False
        return True


class Correlation(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.begin(flux=False, lame=False)

    @initialize(flux=st.booleans(), lame=st.booleans())
    def begin(self, flux: bool, lame: bool) -> None:
        self.now = 0.0
        self.flux = flux
        self.machine: SpeechMachine[Any] = (FluxSpeakMachine if flux else SpeakMachine)(
            Role.CLIENT, TimerSettings(drain_s=30.0), 0.0
        )
        if flux:
            greeting = flux_speak.Connected(request_id="r", model_name="m", model_version="v", model_uuids=[])
            self.machine.receive_text(greeting.to_json(), 0.0)
        self.server = ModelServer(flux=flux, lame=lame)
        self.wire: deque[tuple[str, float]] = deque()  # and when it was sent: the network is quick
        self.texts: dict[Speech, str] = {}
        self.heard: dict[Speech, bytes] = {}
        self.released: set[Speech] = set()
        self.manual: list[str] = []
        self.events = b""
        self.counter = 0
        self.any_cut = False

    def pump(self) -> None:
        while self.machine.outgoing:
            frame = self.machine.outgoing.popleft()
            assert isinstance(frame, Text)
            assert isinstance(frame.data, bytes)
            self.wire.append((frame.data.decode(), self.now))
        while self.machine.events:
            event = self.machine.events.popleft()
            if isinstance(event, Audio):
                self.events += bytes(event.data)

    def number(self) -> str:
        self.counter += 1
        return str(self.counter)

    @rule(pieces=st.integers(1, 3))
    def send_text(self, pieces: int) -> None:
        texts = [f"A{self.number()}Z" for _ in range(pieces)]
        self.machine.speak([*texts, ""], self.now)
        self.manual += texts
        self.pump()

    @rule()
    def flush(self) -> None:
        self.machine.flush(self.now)
        self.pump()

    @rule(pieces=st.integers(0, 3))
    def synthesize(self, pieces: int) -> None:
        texts = [f"a{self.number()}z" for _ in range(pieces)]
        speech = self.machine.synthesize(texts, self.now)
        self.texts[speech] = "".join(texts)
        self.heard[speech] = b""
        self.pump()

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        speeches = [speech for speech in self.texts if not speech.ended]
        if speeches:
            speech = data.draw(st.sampled_from(speeches))
            self.machine.release(speech)
            self.released.add(speech)
            assert not speech.chunks
            self.pump()

    @rule()
    def stop_speaking(self) -> None:
        if isinstance(self.machine, FluxSpeakMachine):
            self.machine.interrupt(self.now)
        elif isinstance(self.machine, SpeakMachine):
            self.machine.clear(self.now)
        self.any_cut = True
        assert all(speech.ended for speech in self.texts)
        self.pump()

    @rule(data=st.data())
    def consume(self, data: st.DataObject) -> None:
        speeches = [speech for speech in self.texts if speech.chunks]
        if speeches:
            speech = data.draw(st.sampled_from(speeches))
            before = self.machine.held_bytes
            self.heard[speech] += speech.take()
            assert self.machine.held_bytes == before - 1

    @rule(count=st.integers(1, 6), eager=st.booleans())
    def server_works(self, count: int, eager: bool) -> None:
        for _ in range(count):
            if self.wire:
                self.server.take(*self.wire.popleft())
            self.server.step(eager=eager)

    @rule(count=st.integers(1, 10))
    def client_hears(self, count: int) -> None:
        for _ in range(min(count, len(self.server.said))):
            said = self.server.said.popleft()
            if isinstance(said, bytes):
                self.machine.receive_binary(said, self.now)
            else:
                self.machine.receive_text(said.to_json(), self.now)
            self.pump()
        assert self.machine.held_bytes == sum(len(chunk) for speech in self.texts for chunk in speech.chunks)

    @rule(seconds=st.floats(0.0, 30.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.machine.on_deadline(self.now)
        self.pump()

    def teardown(self) -> None:
        """The stream can always be brought to its end, and then everybody has got what was theirs, and nothing else."""
        self.machine.close_stream(self.now)
        self.pump()
        while not self.server.closed:
            busy = bool(self.wire)
            if self.wire:
                self.server.take(*self.wire.popleft())
            busy = self.server.step() or busy or bool(self.server.said)
            self.client_hears(len(self.server.said))
            if not busy:
                due = self.machine.next_deadline()
                assert due is not None
                self.now = max(self.now, due)
                self.machine.on_deadline(self.now)
                assert self.machine.failure is None, self.machine.failure
                self.pump()
        for speech, text in self.texts.items():
            whole = self.heard[speech] + b"".join(speech.chunks)
            assert speech.ended
            assert speech.cut == (speech.cut and (self.any_cut or speech in self.released))
            if speech.cut:
                assert text.encode().startswith(whole)
            else:
                assert whole == text.encode()
        assert not self.events.isalpha() or self.events.isupper()
        assert not any(chr(byte).islower() for byte in self.events)
        if not self.any_cut:
            assert self.events == "".join(self.manual).encode()


TestCorrelation = pytest.mark.timeout(60)(Correlation.TestCase)
Correlation.TestCase.settings = steady(150)
