"""What one session of the server tells the page. While nobody watches, it counts bytes and does nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio

from ...errors import ConnectionClosed
from ...protocol import agent, flux, flux_speak, listen, speak
from ...protocol.agent_machine import AgentMachine
from ...protocol.audio_machine import TranscriptionMachine
from ...protocol.codec import codec_for
from ...protocol.frames import Binary, Frame, Text
from ...protocol.ledger import AudioFormat, Ledger
from ...protocol.machine import Machine
from ..agent_config import InvalidSettingsError, read_settings
from .events import Began, Caption, Ended, Latency, Level, StreamInfo
from .hub import EventHub
from .levels import LevelMeter

__all__ = ["StreamObserver"]

_MAX_CAPTION_CHARS = 4000
_GOOD_ORDER = (1000, 1005)
_settings = codec_for((agent.Settings,))
_answers = codec_for((listen.Results, flux.TurnInfo, agent.ConversationText, agent.AgentStartedSpeaking))


class StreamObserver:
    """Watches one session from `open` to `end`; see `EventHub`.

    Attributes:
        id: the session's request id.
        project_id: the project whose members may see it.
    """

    def __init__(self, hub: EventHub, *, stream_id: str, project_id: str) -> None:
        self.id: str = stream_id
        self.project_id: str = project_id
        self._hub = hub
        self._machine: Machine[Any] | None = None
        self._options: Any = None
        self._began = 0.0
        self._meters: dict[str, LevelMeter] = {}
        self._ledger: Ledger | None = None
        self._ledger_from_s = 0.0
        self._text_at: float | None = None

    def open(self, machine: Machine[Any], options: Any) -> None:
        """The session begins."""
        self._machine, self._options, self._began = machine, options, anyio.current_time()
        audio = getattr(machine, "audio", AudioFormat())
        if isinstance(machine, TranscriptionMachine):
            self._meters["client"] = LevelMeter(audio)
        elif not isinstance(machine, AgentMachine):
            self._meters["server"] = LevelMeter(audio)
        self._hub.add(self)
        if self._hub.watched:
            self._publish(Began(stream=self.info()))

    def end(self, code: int, reason: str) -> None:
        """The session ended; later calls do nothing.

        Args:
            code: that the server closes with; 1000 where it was not the server.
            reason: that it gives.
        """
        machine, self._machine = self._machine, None
        if machine is None:
            return
        self._hub.remove(self)
        failure, outcome = machine.failure, "finished"
        if code not in _GOOD_ORDER:
            outcome = "closed"
        elif isinstance(failure, ConnectionClosed):
            # Agents have no end of the stream: their clients just go.
            outcome = "left" if isinstance(machine, AgentMachine) else "cut"
            code, reason = failure.code or 1006, failure.reason or ""
        elif failure is not None:
            outcome, code, reason = "cut", 1006, str(failure)
        self._publish(Ended(id=self.id, outcome=outcome, code=code, reason=reason))

    def info(self) -> StreamInfo:
        """Describe the session."""
        assert self._machine is not None
        options = self._options
        tags = getattr(options, "tag", None) or []
        model = getattr(options, "model", None)
        return StreamInfo(
            id=self.id,
            kind=self._machine.kind.name,
            age_s=round(self._age_s(), 3),
            model=model if isinstance(model, str) else None,
            tags=[tags] if isinstance(tags, str) else [str(tag) for tag in tags],
            audio=_described(next(iter(self._meters.values()), None)),
        )

    def received(self, frames: Sequence[Frame]) -> None:
        """Frames came in. Audio is looked at here: the session takes it only when it has worked off the rest."""
        for frame in frames:
            if isinstance(frame, Binary):
                self._on_audio("client", frame.data)
            elif isinstance(frame, Text) and not self._meters:
                self._on_settings(_settings.decode(frame.data))

    def heard(self, messages: Sequence[Any]) -> None:
        """The session took what the client said."""
        if self._hub.watched:
            for message in messages:
                self._on_text(message)

    def said(self, frames: Sequence[Frame]) -> None:
        """The server is about to say something."""
        for frame in frames:
            if isinstance(frame, Binary):
                self._on_audio("server", frame.data)
            elif isinstance(frame, Text) and self._hub.watched:
                self._on_answer(_answers.decode(frame.data))

    # What is made of it.

    def _on_audio(self, source: str, data: bytes | memoryview) -> None:
        meter = self._meters.get(source)
        if meter is None:
            return
        if not self._hub.watched:
            meter.skip(data)
            self._ledger = None
            return
        now = anyio.current_time()
        if source == "client":
            self._account(meter, len(data), now)
        elif self._text_at is not None:
            self._publish(Latency(id=self.id, what="audio", seconds=round(now - self._text_at, 3)))
            self._text_at = None
        loudness = meter.feed(data, now)
        if loudness is not None:
            level = Level(
                id=self.id, source=source, rms=loudness.rms, peak=loudness.peak, audio_s=round(meter.seconds, 3)
            )
            self._publish(level, replaces=f"level {source}")

    def _account(self, meter: LevelMeter, size_bytes: int, now: float) -> None:
        if self._ledger is None and meter.format is not None and meter.format.byte_rate:
            multichannel = bool(getattr(self._options, "multichannel", False))
            self._ledger = Ledger(meter.format, result_channels=meter.format.channels if multichannel else 1)
            self._ledger.sent_bytes = round(meter.seconds * meter.format.byte_rate)
            self._ledger_from_s = meter.seconds
        if self._ledger is not None:
            self._ledger.sent(size_bytes, now)

    def _on_settings(self, settings: Any) -> None:
        if not isinstance(settings, agent.Settings):
            return
        try:
            config = read_settings(settings)
        except InvalidSettingsError:
            return  # the socket is about to tell the client
        self._meters = {"client": LevelMeter(config.input), "server": LevelMeter(config.output)}

    def _on_text(self, message: Any) -> None:
        if isinstance(message, (speak.Speak, flux_speak.Speak)) and message.text:
            if self._text_at is None:
                self._text_at = anyio.current_time()
            self._caption(message.text, final=True)
        elif isinstance(message, (speak.Flush, flux_speak.Flush)):
            self._caption("", final=True, ends=True)
        elif isinstance(message, (speak.Clear, flux_speak.Interrupt)):
            self._text_at = None
            self._caption("", final=True, ends=True)

    def _on_answer(self, message: Any) -> None:
        if isinstance(message, listen.Results):
            channel = message.channel_index[0] if message.channel_index else 0
            self._caption(
                message.transcript,
                at_s=message.start,
                final=message.is_final,
                ends=message.speech_final,
                channel=channel,
            )
            if message.is_final:
                self._covered(message.start + message.duration, channel, told=bool(message.transcript))
        elif isinstance(message, flux.TurnInfo):
            ends = message.event == "EndOfTurn"
            self._caption(message.transcript, at_s=message.audio_window_start, final=ends, ends=ends)
            if ends:
                self._covered(message.audio_window_end, 0, told=True)
        elif isinstance(message, agent.ConversationText):
            self._caption(message.content, final=True, ends=True, who=message.role)
        elif isinstance(message, agent.AgentStartedSpeaking):
            self._publish(Latency(id=self.id, what="answer", seconds=round(message.total_latency, 3)))

    def _covered(self, until_s: float, channel: int, *, told: bool) -> None:
        if self._ledger is None or until_s < self._ledger_from_s:
            return
        self._ledger.latency_s = None
        self._ledger.covered(until_s, channel, anyio.current_time())
        if told and self._ledger.latency_s is not None:
            self._publish(Latency(id=self.id, what="final", seconds=round(self._ledger.latency_s, 3)))

    def _caption(
        self,
        text: str,
        *,
        at_s: float | None = None,
        final: bool = False,
        ends: bool = False,
        channel: int = 0,
        who: str = "",
    ) -> None:
        text = text if len(text) <= _MAX_CAPTION_CHARS else text[:_MAX_CAPTION_CHARS] + "…"
        at_s = self._age_s() if at_s is None else at_s
        caption = Caption(id=self.id, at_s=round(at_s, 3), text=text, final=final, ends=ends, channel=channel, who=who)
        interim = f"interim {channel}"
        if final:
            self._hub.withdraw(self._name(interim))
        self._publish(caption, replaces="" if final else interim, size_chars=len(text))

    def _publish(self, event: Any, *, replaces: str = "", size_chars: int = 0) -> None:
        name = self._name(replaces) if replaces else ""
        self._hub.publish(self.project_id, event, replaces=name, size_chars=size_chars)

    def _name(self, name: str) -> str:
        return f"{self.id} {name}"

    def _age_s(self) -> float:
        return anyio.current_time() - self._began


def _described(meter: LevelMeter | None) -> str | None:
    audio = None if meter is None else meter.format
    if audio is None or not audio.sample_rate:
        return None
    channels = {1: "mono", 2: "stereo"}.get(audio.channels, f"{audio.channels} channels")
    return f"{audio.encoding}, {audio.sample_rate / 1000:g} kHz, {channels}"
