"""What has to hold for a stream that was cut: written down while it runs, and checked when it is over."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.messages import Reconnected, UnknownEvent

__all__ = [
    "TOLERANCE_S",
    "Connection",
    "Log",
    "Result",
    "Word",
    "connections",
    "differing_words",
    "problems",
    "seams",
    "stray_words",
    "words_of",
]

TOLERANCE_S = 0.003
"""Times are rounded to a millisecond on the wire, and a replay begins with a whole frame."""


class Word(NamedTuple):
    """A word, and where on the stream's timeline it was said."""

    text: str
    start_s: float
    end_s: float

    @property
    def middle_s(self) -> float:
        """Where it counts as said."""
        return (self.start_s + self.end_s) / 2


class Result(NamedTuple):
    """What counts of a `Results`."""

    channel: int
    start_s: float
    end_s: float
    final: bool
    words: tuple[Word, ...]


@dataclass(kw_only=True)
class Log:
    """What a stream said, in the order in which it came.

    Attributes:
        duration_s: how long its audio is.
        byte_rate: bytes of one second of it.
        frame_bytes: bytes of one sample of every channel.
        channels: how many get results of their own.
        entries: its results, and where it was connected again.
        told_s: `Metadata.duration`; None before it came.
        unexpected: other things that it said.
    """

    duration_s: float
    byte_rate: int
    frame_bytes: int
    channels: int = 1
    entries: list[Result | Reconnected] = field(default_factory=list)
    told_s: float | None = None
    unexpected: list[str] = field(default_factory=list)

    def take(self, event: Any) -> None:
        """Write an event down."""
        match event:
            case listen.Results():
                channel = event.channel_index[0] if event.channel_index else 0
                words = tuple(Word(word.word, word.start, word.end) for word in event.channel.alternatives[0].words)
                end_s = event.start + event.duration
                self.entries.append(Result(channel, event.start, end_s, bool(event.is_final), words))
            case Reconnected():
                self.entries.append(event)
            case listen.Metadata():
                self.told_s = event.duration
            case listen.Error() | listen.Warning() | UnknownEvent():
                self.unexpected.append(repr(event))

    @property
    def reconnections(self) -> list[Reconnected]:
        """How it was connected again."""
        return [entry for entry in self.entries if isinstance(entry, Reconnected)]

    def finals(self, channel: int) -> list[Result]:
        """Its final results of a channel."""
        return [entry for entry in self.entries if isinstance(entry, Result) and entry.final and entry[0] == channel]


class Connection(NamedTuple):
    """What one of the connections of a stream said.

    Attributes:
        origin_bytes: where in the stream's audio it began to hear.
        finals: its final results.
    """

    origin_bytes: int
    finals: list[Result]


def problems(log: Log) -> list[str]:
    """Return what is wrong with a stream that has ended; nothing when it is as if it had never been cut."""
    found = [f"said {said}" for said in log.unexpected]
    for channel in range(log.channels):
        found += (f"channel {channel}: {problem}" for problem in _gaps_and_overlaps(log, channel))
        found += (f"channel {channel}: {problem}" for problem in _backward_steps(log, channel))
    if log.told_s is None:
        found.append("no Metadata came")
    elif abs(log.told_s - log.duration_s) > TOLERANCE_S:
        found.append(f"Metadata tells of {log.told_s:.3f} s, but {log.duration_s:.3f} s were sent")
    return found


def _gaps_and_overlaps(log: Log, channel: int) -> Iterator[str]:
    """Final results cover everything once, but for what was reported lost."""
    covered_s = lost_s = 0.0
    for entry in log.entries:
        if isinstance(entry, Reconnected):
            lost_s += entry.lost_s
        elif entry.final and entry.channel == channel:
            gap_s = entry.start_s - covered_s
            # A channel that was ahead of others may have been given some of what they lost.
            least_s = 0.0 if log.channels > 1 else lost_s
            if not least_s - TOLERANCE_S <= gap_s <= lost_s + TOLERANCE_S:
                yield f"from {covered_s:.3f} s on, {gap_s:.3f} s without a final result; {lost_s:.3f} s were told lost"
            if entry.end_s < entry.start_s:
                yield f"a final result from {entry.start_s:.3f} s to {entry.end_s:.3f} s"
            covered_s, lost_s = entry.end_s, 0.0
    if abs(log.duration_s - covered_s) > TOLERANCE_S:
        yield f"the last final result ends at {covered_s:.3f} s of {log.duration_s:.3f} s"


def _backward_steps(log: Log, channel: int) -> Iterator[str]:
    """No result begins before the end of a final one, and no final word is said before another that came earlier."""
    final_s = word_s = 0.0
    for entry in log.entries:
        if isinstance(entry, Reconnected) or entry.channel != channel:
            continue
        if entry.start_s < final_s - TOLERANCE_S:
            kind = "a final" if entry.final else "an interim"
            yield f"{kind} result begins at {entry.start_s:.3f} s, after a final one up to {final_s:.3f} s"
        if entry.final:
            final_s = max(final_s, entry.end_s)
            for word in entry.words:
                if word.middle_s < word_s - TOLERANCE_S or word.end_s > log.duration_s + TOLERANCE_S:
                    yield f"{word.text!r} at {word.start_s:.3f} s, after a word at {word_s:.3f} s"
                word_s = max(word_s, word.middle_s)


def connections(log: Log) -> list[Connection]:
    """Return what each connection said; the one that was first comes first."""
    covered_s = dict.fromkeys(range(log.channels), 0.0)
    lost_bytes = 0
    found = [Connection(0, [])]
    for entry in log.entries:
        if isinstance(entry, Reconnected):
            lost_bytes += round(entry.lost_s * log.byte_rate)
            found.append(Connection(_whole_frames(min(covered_s.values()), log) + lost_bytes, []))
        elif entry.final:
            found[-1].finals.append(entry)
            covered_s[entry.channel] = max(covered_s[entry.channel], entry.end_s)
            if min(covered_s.values()) * log.byte_rate >= found[-1].origin_bytes:
                lost_bytes = 0
    return found


def _whole_frames(time_s: float, log: Log) -> int:
    position = int(time_s * log.byte_rate + 0.5)
    return position - position % log.frame_bytes


def seams(log: Log, channel: int) -> list[float]:
    """Return where on the timeline a channel's text was put together from what two connections heard."""
    covered_s, found = 0.0, set()
    for entry in log.entries:
        if isinstance(entry, Reconnected):
            found.add(covered_s)
        elif entry.final and entry.channel == channel:
            covered_s = entry.end_s
    return sorted(found)


def differing_words(log: Log, finals: Sequence[Result], reference: Sequence[Result], origin_s: float) -> Iterator[str]:
    """Compare a connection's final results with those of a stream that began where it did, and was never cut.

    Args:
        log: of the stream.
        finals: what the connection said.
        reference: what the other stream said, on its own timeline.
        origin_s: where on the stream's timeline both began.
    """
    for final in finals:
        same = [
            other
            for other in reference
            if other.channel == final.channel and abs(other.end_s + origin_s - final.end_s) <= TOLERANCE_S
        ]
        # What an earlier connection has given of it already is left out.
        words = [word for other in same for word in other.words if word.middle_s + origin_s >= final.start_s - 1e-9]
        expected, heard = " ".join(word.text for word in words), " ".join(word.text for word in final.words)
        if final.end_s > final.start_s and (expected != heard or not same):
            wanted = repr(expected) if same else "no final result"
            yield f"{final.start_s:.3f} to {final.end_s:.3f} s: {heard!r}; uncut from {origin_s:.3f} s: {wanted}"


def words_of(log: Log, channel: int) -> list[Word]:
    """Return all words of the final results of a channel."""
    return [word for final in log.finals(channel) for word in final.words]


def stray_words(
    reference: Sequence[Word], heard: Sequence[Word], places_s: Sequence[float], within_s: float
) -> Iterator[str]:
    """Compare a text with that of an uncut stream: they may differ near seams only.

    Args:
        reference: the words of the uncut stream.
        heard: the words of the other.
        places_s: where the seams are; see `seams`.
        within_s: how far from one a word may be another, in seconds.
    """
    expected_texts, heard_texts = ([word.text for word in words] for words in (reference, heard))
    matcher = difflib.SequenceMatcher(None, expected_texts, heard_texts, autojunk=False)
    for kind, begin, end, heard_begin, heard_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        words = [*reference[begin:end], *heard[heard_begin:heard_end]]
        if any(min((abs(word.middle_s - place) for place in places_s), default=math.inf) > within_s for word in words):
            expected, found = " ".join(expected_texts[begin:end]), " ".join(heard_texts[heard_begin:heard_end])
            yield f"at {words[0].start_s:.3f} s, far from a seam: {found!r}; uncut: {expected!r}"
