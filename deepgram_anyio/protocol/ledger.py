"""What became of the audio: how much was accepted, how much is covered by final results, and how late they came."""

from __future__ import annotations

from collections import deque

import msgspec

__all__ = ["AudioFormat", "Ledger"]

_SAMPLE_BYTES = {"linear16": 2, "linear32": 4, "mulaw": 1, "alaw": 1}
_MARK_EVERY_S = 0.02
_MARKS = 8192


class AudioFormat(msgspec.Struct, frozen=True, kw_only=True):
    """Raw audio, or a container when its encoding has no fixed sample size.

    Attributes:
        encoding: the ``encoding`` of the request; None for a container.
        sample_rate: in Hz.
        channels: interleaved channels.
    """

    encoding: str | None = None
    sample_rate: int | None = None
    channels: int = 1

    @property
    def frame_bytes(self) -> int | None:
        """Bytes of one sample of every channel; None when they do not tell the time."""
        sample = _SAMPLE_BYTES.get(self.encoding or "")
        return sample * self.channels if sample else None

    @property
    def byte_rate(self) -> int | None:
        """Bytes per second; None when bytes do not tell the time."""
        frame = self.frame_bytes
        return frame * self.sample_rate if frame and self.sample_rate else None


class Ledger:
    """Accounts for the audio of one stream, in bytes and, for raw formats, in seconds.

    Attributes:
        sent_bytes: audio accepted from the caller.
        acknowledged_s: end of the audio that final results cover, on every channel.
        latency_s: of the last final result, from handing over the last audio that it covers to its arrival; None before
            there was one.
        first_result_s: from handing over the first audio to the arrival of the first result; None before there was one.
        interim_until_s: end of the audio that the last interim result covers; None before there was one.
        interim_sent_bytes: audio accepted before that came.
    """

    def __init__(self, audio: AudioFormat, *, result_channels: int = 1) -> None:
        """
        Args:
            audio: the format of what is sent.
            result_channels: how many channels get results of their own (``multichannel``), else 1.
        """
        self._byte_rate = audio.byte_rate
        self._mark_bytes = int(_MARK_EVERY_S * (audio.byte_rate or 0))
        self._covered = dict.fromkeys(range(result_channels), 0.0)
        self._marks: deque[tuple[int, float]] = deque(maxlen=_MARKS)  # so many bytes were accepted by that time
        self.sent_bytes: int = 0
        self.acknowledged_s: float = 0.0
        self.latency_s: float | None = None
        self.first_result_s: float | None = None
        self.interim_until_s: float | None = None
        self.interim_sent_bytes: int = 0
        self._began_at: float | None = None  # where there are no marks

    @property
    def sent_s(self) -> float | None:
        """Seconds of audio accepted; None when the format does not tell."""
        return self.sent_bytes / self._byte_rate if self._byte_rate else None

    @property
    def unacknowledged_s(self) -> float | None:
        """Seconds of audio that no final result covers yet; None when the format does not tell."""
        sent_s = self.sent_s
        return None if sent_s is None else max(0.0, sent_s - self.acknowledged_s)

    def sent(self, count_bytes: int, now: float) -> None:
        """Record audio accepted at `now`."""
        self.sent_bytes += count_bytes
        if self._byte_rate is None:
            if self._began_at is None:
                self._began_at = now
            return
        marks, end = self._marks, self.sent_bytes
        if len(marks) > 1 and end - marks[-2][0] < self._mark_bytes:
            # Tiny chunks share a mark; the time of its last byte is the one that counts.
            marks[-1] = (end, now)
        else:
            marks.append((end, now))

    def covered_s(self, channel: int) -> float:
        """Return the end of the audio that final results cover on a channel."""
        return self._covered.get(channel, 0.0)

    @property
    def transcript_latency_s(self) -> float | None:
        """Audio handed over, in seconds, beyond what the last interim result covers, when it came; None if unknown."""
        if self.interim_until_s is None or not self._byte_rate:
            return None
        return max(0.0, self.interim_sent_bytes / self._byte_rate - self.interim_until_s)

    def heard_first(self, now: float) -> float | None:
        """Record the first result, if it is that; return how long it took."""
        began_at = self._marks[0][1] if self._marks else self._began_at
        if self.first_result_s is not None or began_at is None:
            return None
        self.first_result_s = now - began_at
        return self.first_result_s

    def covered(self, until_s: float, channel: int, now: float) -> float | None:
        """Record a final result that covers a channel up to `until_s`; return its latency if that can be told."""
        covered = self._covered
        if channel not in covered:
            return None
        if until_s > covered[channel]:
            covered[channel] = until_s
            self.acknowledged_s = until_s if len(covered) == 1 else min(covered.values())
        if not self._marks or self._byte_rate is None:
            return None
        marks, until = self._marks, until_s * self._byte_rate - self._mark_bytes / 2
        while marks and marks[0][0] < until:
            marks.popleft()
        if not marks:
            return None
        self.latency_s = max(0.0, now - marks[0][1])
        return self.latency_s
