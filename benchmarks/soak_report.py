"""The figures of a soak, as a table."""

from __future__ import annotations

import os
import platform
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from typing import NamedTuple

import jiwer

from deepgram_anyio._version import __version__

from .soak_checks import Word, words_of
from .soak_resources import Resources
from .soak_streams import Outcome, References

__all__ = ["BEGIN", "END", "Report", "WordErrors", "written"]

BEGIN = "<!-- figures: begin -->"
END = "<!-- figures: end -->"
_MIB = 1024 * 1024
_PACKAGES = ("anyio", "trio", "hypercorn", "wsproto", "pocketsphinx", "piper-tts")


class WordErrors(NamedTuple):
    """How one text differs from another."""

    words: int = 0
    errors: int = 0

    def __add__(self, other: object) -> WordErrors:
        if not isinstance(other, WordErrors):
            return NotImplemented
        return WordErrors(self.words + other.words, self.errors + other.errors)

    def __str__(self) -> str:
        return f"{self.errors} of {self.words} ({self.errors / max(1, self.words):.2%})"

    @classmethod
    def between(cls, reference: Sequence[Word], heard: Sequence[Word]) -> WordErrors:
        """Count insertions, deletions and substitutions."""
        if not reference:
            return cls(0, len(heard))
        wanted, found_text = (" ".join(word.text for word in words) for words in (reference, heard))
        found = jiwer.process_words(wanted, found_text)
        return cls(len(reference), found.substitutions + found.deletions + found.insertions)


class Report:
    """Adds up what became of streams.

    Attributes:
        before: what the process held when it was warm.
        after: what it held when the streams were over.
        leaks: what it should not have held.
        took_s: how long everything took, in seconds.
        streams: how many there were.
        connections: how many connections they made, or tried to.
        wrong: how many problems were found.
    """

    def __init__(self, *, seed: object, backend: str) -> None:
        self.before: Resources | None = None
        self.after: Resources | None = None
        self.leaks: list[str] = []
        self.took_s = 0.0
        self.streams = 0
        self.connections = 0
        self._seed = seed
        self._backend = backend
        self._problems = 0
        self._cuts: Counter[str] = Counter()
        self._fewest = 1 << 30
        self._audio_s = self._replayed_s = self._lost_s = 0.0
        self._attempts = 0
        self._finals = 0
        self._gaps_s: list[float] = []
        self._overall = WordErrors()

    @property
    def wrong(self) -> int:
        return self._problems + len(self.leaks)

    def add(self, outcomes: Sequence[Outcome], references: References) -> None:
        """Add streams that have been judged."""
        for outcome in outcomes:
            log, reconnections = outcome.log, outcome.log.reconnections
            lost_s = sum(event.lost_s for event in reconnections)
            self.streams += 1
            self._problems += len(outcome.problems)
            self._cuts += outcome.cuts
            self.connections += sum(outcome.cuts.values()) + 1
            self._audio_s += log.duration_s
            self._replayed_s += sum(event.replayed_s for event in reconnections)
            self._lost_s += lost_s
            self._attempts = max(self._attempts, *(event.attempt for event in reconnections), 0)
            self._finals += outcome.compared
            self._gaps_s += [event.gap_s for event in reconnections]
            if not lost_s:
                self._fewest = min(self._fewest, len(reconnections))
                self._add_words(outcome, references)

    def _add_words(self, outcome: Outcome, references: References) -> None:
        whole = references.whole(outcome.job.speech)
        for channel in range(outcome.log.channels):
            reference, heard = words_of(whole, channel), words_of(outcome.log, channel)
            self._overall += WordErrors.between(reference, heard)

    def progress(self) -> str:
        """Return how things stand, in a line."""
        memory = "" if self.after is None or not self.after.rss_bytes else f", {self.after.rss_bytes / _MIB:.0f} MiB"
        return f"{self.streams} streams, {self.wrong} problems{memory}"

    def table(self) -> str:
        """Return all figures as a table in Markdown."""
        rows = [*self._rows(), *self._resources()]
        return "| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)

    def _rows(self) -> list[tuple[str, str]]:
        deciles = statistics.quantiles(self._gaps_s, n=20) if len(self._gaps_s) > 1 else [0.0] * 19
        kinds = ", ".join(f"{kind.replace('_', ' ')} {count}" for kind, count in sorted(self._cuts.items()))
        packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
        return [
            ("streams", f"{self.streams}, {self._audio_s:.0f} s of audio"),
            ("what happened to connections", f"{sum(self._cuts.values())}: {kinds}"),
            ("reconnections", f"{len(self._gaps_s)}; of a stream that lost nothing at least {self._fewest}"),
            ("attempts for one outage, at most", f"{self._attempts}"),
            ("from noticing a break to a usable connection", f"p50 {deciles[9]:.2f} s, p95 {deciles[18]:.2f} s"),
            ("audio sent again", f"{self._replayed_s / max(1.0, self._audio_s):.1f} times the audio"),
            ("audio lost and told", f"{self._lost_s:.1f} s"),
            ("final results compared with streams uncut from the same place", f"{self._finals}"),
            ("problems", f"{self._problems}"),
            ("words that differ from the uncut stream", f"{self._overall}"),
            ("leaks", ", ".join(self.leaks) or "none"),
            ("seed, event loop", f"{self._seed}, {self._backend}"),
            ("versions", f"deepgram_anyio {__version__}, Python {platform.python_version()}, {packages}"),
            ("machine", f"{platform.system()}, {os.cpu_count()} processors; {self.took_s:.0f} s in all"),
        ]

    def _resources(self) -> list[tuple[str, str]]:
        if self.before is None or self.after is None:
            return []
        rows = [
            (name.replace("_", " "), f"{getattr(self.before, name)}, {getattr(self.after, name)}")
            for name in ("tasks", "threads", "children", "descriptors", "sockets")
        ]
        rows.append(("memory blocks of Python objects", f"{self.before.blocks}, {self.after.blocks}"))
        was, now = self.before.rss_bytes, self.after.rss_bytes
        if was is not None and now is not None:
            rows.append(("resident memory", f"{was / _MIB:.1f} MiB, {now / _MIB:.1f} MiB"))
        return [(f"{name}: before, after", value) for name, value in rows]


def written(page: str, report: Report) -> str:
    """Return a page with the figures between its markers."""
    return re.sub(f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{report.table()}{END}", page, flags=re.DOTALL)
