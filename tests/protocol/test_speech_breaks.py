"""Text to speech over connections that break at any moment, in any order of events: each text is heard once.

As in the tests of the correlation, the audio is the text itself: text sent by hand in capitals, text of a `synthesize`
in small letters, each with its number.
"""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from deepgram_anyio.protocol.flux_speak_machine import FluxSpeakMachine
from deepgram_anyio.protocol.frames import Text
from deepgram_anyio.protocol.messages import Audio
from deepgram_anyio.protocol.speak_machine import SpeakMachine
from deepgram_anyio.protocol.speech_machine import Speech

from . import steady
from .test_speak_table import CONNECTED
from .test_speech_correlation import ModelServer
from .test_speech_resume import hear, new, resumed


class Breaks(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.begin(flux=False, may_cut=False)

    @initialize(flux=st.booleans(), may_cut=st.booleans())
    def begin(self, flux: bool, may_cut: bool) -> None:
        self.now = 0.0
        self.flux = flux
        self.machine = new(flux=flux)
        self.texts: dict[Speech, str] = {}
        self.heard: dict[Speech, bytes] = {}
        self.manual = ""
        self.events = b""
        self.counter = 0
        self.may_cut = may_cut
        self.any_cut = False
        self.wire: deque[tuple[str, float]] = deque()
        self.connect()

    def connect(self) -> None:
        self.server = ModelServer(flux=self.flux, lame=False)
        if self.flux:
            self.server.said.append(CONNECTED)
        self.announced = not self.flux
        self.pump()

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

    def announce(self) -> None:
        repeated_bytes = self.machine.resumption().repeated_bytes
        self.events = self.events[: len(self.events) - repeated_bytes]
        self.announced = True

    def number(self) -> str:
        self.counter += 1
        return str(self.counter)

    @rule(pieces=st.integers(1, 3))
    def send_text(self, pieces: int) -> None:
        texts = [f"A{self.number()}Z" for _ in range(pieces)]
        self.machine.speak(texts, self.now)
        self.manual += "".join(texts)
        self.pump()

    @rule()
    def flush(self) -> None:
        self.machine.flush(self.now)
        self.pump()

    @rule(pieces=st.integers(1, 2))
    def synthesize(self, pieces: int) -> None:
        texts = [f"a{self.number()}z" for _ in range(pieces)]
        speech = self.machine.synthesize(texts, self.now)
        self.texts[speech], self.heard[speech] = "".join(texts), b""
        self.pump()

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        speeches = [speech for speech in self.texts if not speech.ended]
        if speeches:
            self.machine.release(data.draw(st.sampled_from(speeches)))
            self.pump()

    @precondition(lambda self: self.may_cut)
    @rule()
    def stop_speaking(self) -> None:
        if isinstance(self.machine, FluxSpeakMachine):
            self.machine.interrupt(self.now)
        elif isinstance(self.machine, SpeakMachine):
            self.machine.clear(self.now)
        self.any_cut = True
        self.pump()

    @rule()
    def consume(self) -> None:
        for speech in self.texts:
            if speech.chunks:
                self.heard[speech] += speech.take()

    @rule(count=st.integers(1, 6), eager=st.booleans())
    def server_works(self, count: int, eager: bool) -> None:
        for _ in range(count):
            if self.wire:
                self.server.take(*self.wire.popleft())
            self.server.step(eager=eager)

    @rule(count=st.integers(1, 10))
    def both_work(self, count: int) -> None:
        """As on a good day, so that texts get somewhere before something breaks."""
        for _ in range(count):
            self.server_works(1, eager=False)
            self.client_hears(1)

    @rule(count=st.integers(1, 10))
    def client_hears(self, count: int) -> None:
        for _ in range(min(count, len(self.server.said))):
            hear(self.machine, self.server.said.popleft(), now=self.now)
            self.pump()
            if not self.announced and self.machine.ready:
                self.announce()

    @rule(seconds=st.floats(0.0, 30.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.machine.on_deadline(self.now)
        self.pump()

    @rule(meanwhile=st.sampled_from(["", "text", "flush", "synthesize", "cut"]))
    def break_off(self, meanwhile: str) -> None:
        """What is under way, either way, is lost; what is said before there is a new connection is not."""
        self.machine = resumed(self.machine, self.now)
        self.wire.clear()
        if meanwhile == "text":
            self.send_text(1)
        elif meanwhile == "flush":
            self.flush()
        elif meanwhile == "synthesize":
            self.synthesize(1)
        elif meanwhile == "cut" and self.may_cut:
            self.stop_speaking()
        self.machine.opened(self.now)
        self.connect()
        if not self.flux:
            self.announce()

    def teardown(self) -> None:
        """The stream can always be brought to its end, and then everybody has got what was theirs, once."""
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
            assert text.encode().startswith(whole) if speech.cut else whole == text.encode()
        assert not any(chr(byte).islower() for byte in self.events)
        if not self.any_cut:
            assert self.events == self.manual.encode()


TestBreaks = pytest.mark.timeout(60)(Breaks.TestCase)
Breaks.TestCase.settings = steady(150)
