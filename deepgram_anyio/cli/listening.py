"""A live transcription on the command line, from its beginning to an end in good order."""

from __future__ import annotations

import math
import sys
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from .api_parameters import LiveParameters
from .audio_input import AudioFeed
from .captions_view import CaptionsView
from .new_file import tell_written, write_new
from .running import finishing, held
from .transcripts import Format, Transcript, event_line, format_of

if TYPE_CHECKING:
    from .. import ConnectionStats, DeepgramClient, FluxConnection, LiveConnection

__all__ = ["Listening", "Wishes", "figures", "meter", "remark"]

_LAST_WORDS_S = 10.0
"""How long the last words may take after Ctrl-C."""

_SAVE_S = 10.0
_STATUS_EVERY_S = 0.2
_METER = 8


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What is wanted of a transcription.

    Attributes:
        parameters: the API's.
        format: of standard output.
        save: file for the transcript.
        overwrite: replace that file.
        pace: how much faster than real time to send; None as fast as possible.
        timestamps: show when lines began.
        stats: show figures.
    """

    parameters: LiveParameters
    format: Format = Format.TEXT
    save: Path | None = None
    overwrite: bool = False
    pace: float | None = None
    timestamps: bool = False
    stats: bool = False


@dataclass
class Listening:
    """Sends a feed, shows what comes back, and keeps it."""

    wishes: Wishes
    feed: AudioFeed
    view: CaptionsView
    transcript: Transcript = field(default_factory=Transcript)
    _connection: LiveConnection | FluxConnection | None = None
    _interrupted: bool = False

    async def run(self, dg: DeepgramClient) -> int | None:
        """Listen to the end of the feed, or to Ctrl-C.

        Returns:
            The exit code: 0; after Ctrl-C None, which stands for 130, and again 0 when a microphone was listened to:
            nothing else ends that.

        Raises:
            DeepgramError: as for ``stream``. What was heard until then has been saved.
        """
        try:
            with self.view:
                await self._listen(dg)
        finally:
            with finishing(_SAVE_S):
                await self._save()
        self._print_whole()
        return None if self._interrupted and self.feed.microphone is None else 0

    async def _listen(self, dg: DeepgramClient) -> None:
        from ..transport.tasks import background_tasks

        with held() as pressed, anyio.CancelScope() as bounded:
            async with background_tasks() as tasks:
                tasks.start_soon(self._end_when, pressed, bounded)
                async with self._stream(dg) as self._connection:
                    tasks.start_soon(self._keep_status, self._connection)
                    async for event in self._connection:
                        self._take(event)
                for results in self.transcript.end():
                    self.view.show(results)
        if bounded.cancelled_caught and self._connection is not None:
            self.view.note("warning: the server did not finish in time: the last words may be missing")
        if self.wishes.stats and self._connection is not None:
            self.view.note(figures(self._connection.stats))

    def _stream(self, dg: DeepgramClient) -> AbstractAsyncContextManager[LiveConnection | FluxConnection]:
        known = {**self.feed.format, **self.wishes.parameters.known}
        common: dict[str, Any] = {"pace": self.wishes.pace, "extra_query": self.wishes.parameters.unknown}
        if self.wishes.parameters.flux:
            known.pop("channels", None)  # there is only one
            return dg.listen.v2.stream(self.feed, **common, **known)
        return dg.listen.v1.stream(self.feed, **common, **known)

    async def _end_when(self, pressed: anyio.Event, bounded: anyio.CancelScope) -> None:
        await pressed.wait()
        self._interrupted = True
        bounded.deadline = anyio.current_time() + _LAST_WORDS_S if self._connection is not None else -math.inf
        self.feed.stop()

    async def _keep_status(self, connection: LiveConnection | FluxConnection) -> None:
        while True:
            parts = []
            if self.feed.microphone is not None:
                parts.append(f"{meter(self.feed.microphone.level)} {self.feed.name}")
            if self.wishes.stats:
                parts.append(figures(connection.stats))
            if self._interrupted:
                parts.append("finishing")
            elif self.feed.microphone is not None:
                parts.append("Ctrl-C ends")
            self.view.status(" · ".join(parts))
            await anyio.sleep(_STATUS_EVERY_S)

    def _take(self, event: object) -> None:
        if self.wishes.format is Format.JSONL:
            print(event_line(event), flush=True)
        results = self.transcript.add(event)
        if results is not None:
            self.view.show(results)
        elif said := remark(event):
            self.view.note(said)

    async def _save(self) -> None:
        if self.wishes.save is None or self._connection is None:
            return
        self.transcript.end()
        text = self.transcript.text(format_of(self.wishes.save), timestamps=self.wishes.timestamps)
        await write_new(self.wishes.save, text.encode(), overwrite=self.wishes.overwrite)
        tell_written("saved to", self.wishes.save)

    def _print_whole(self) -> None:
        if self.wishes.format in (Format.JSON, Format.SRT, Format.VTT):
            sys.stdout.write(self.transcript.text(self.wishes.format, timestamps=False))
            sys.stdout.flush()


def figures(stats: ConnectionStats) -> str:
    """Return a connection's figures in a line."""
    sent = f"{stats.bytes_sent:,} bytes" if stats.audio_sent_s is None else f"{stats.audio_sent_s:.1f} s"
    parts = [f"sent {sent}", f"final {stats.audio_acknowledged_s:.1f} s"]
    if stats.latency_s is not None:
        parts.append(f"latency {stats.latency_s:.2f} s")
    parts.append(f"{stats.reconnects} reconnect{'' if stats.reconnects == 1 else 's'}")
    return " · ".join(parts)


def remark(event: object) -> str:
    """Return what to say about an event that is no result; empty for nothing."""
    from .. import Reconnected
    from ..protocol import flux, listen

    if isinstance(event, Reconnected):
        text = f"reconnected after {event.gap_s:.1f} s ({event.cause or 'the connection broke'})"
        text += f", {event.replayed_s:.1f} s of audio sent again" if event.replayed_s else ""
        return f"warning: {text}" + (f", {event.lost_s:.1f} s LOST" if event.lost_s else "")
    if isinstance(event, (listen.Warning, listen.Error, flux.Warning, flux.Error)):
        kind = "warning" if isinstance(event, (listen.Warning, flux.Warning)) else "the server reports an error"
        said = event.description or getattr(event, "warn_msg", None) or getattr(event, "message", None) or event.code
        return f"{kind}: {said}"
    return ""


def meter(level: float) -> str:
    """Draw a loudness of 0 to 1 as a bar of 60 dB: speech is mostly below 0.1."""
    decibels = 20 * math.log10(max(level, 1e-3))
    filled = round((decibels + 60) / 60 * _METER)
    return "▮" * filled + "▯" * (_METER - filled)
