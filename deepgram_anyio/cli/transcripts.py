"""What ``listen`` heard, in the format that was asked for."""

from __future__ import annotations

import enum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .caption_lines import FluxTurns, caption_lines
from .failures import CommandError

if TYPE_CHECKING:
    from ..protocol.listen import Results

__all__ = ["Format", "Transcript", "check_format", "event_line", "format_of"]


class Format(str, enum.Enum):
    """How a transcript is written."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    SRT = "srt"
    VTT = "vtt"


_ENDINGS = {".txt": Format.TEXT, ".json": Format.JSON, ".srt": Format.SRT, ".vtt": Format.VTT}
_NOTHING_SAID = {Format.SRT: "", Format.VTT: "WEBVTT\n"}


def format_of(path: Path) -> Format:
    """Tell a file's format from the end of its name.

    Raises:
        CommandError: it tells nothing.
    """
    try:
        return _ENDINGS[path.suffix.lower()]
    except KeyError:
        raise CommandError(f"{path}: the name must end in .txt, .json, .srt or .vtt, which says the format") from None


def check_format(wanted: Format) -> None:
    """See that a format can be written, before there is anything to write.

    Raises:
        CommandError: it needs a package that is not there.
    """
    if wanted in _NOTHING_SAID and find_spec("deepgram_captions") is None:
        raise CommandError(
            f'{wanted.value} needs deepgram_captions: pip install "deepgram-anyio[captions]"', kind="extra"
        )


class Transcript:
    """Collects what was heard."""

    def __init__(self) -> None:
        from .. import LiveTranscript

        self._said = LiveTranscript(utterances=True)
        self._finals: list[Results] = []
        self._turns = FluxTurns()

    def add(self, event: object) -> Results | None:
        """Take an event, and return it as a result when it says something."""
        from ..protocol import flux, listen

        results = self._turns.take(event) if isinstance(event, flux.TurnInfo) else event
        self._said.add(results)
        if not isinstance(results, listen.Results):
            return None
        if results.is_final:
            self._finals.append(results)
        return results

    def end(self) -> list[Results]:
        """Take what is left as final, and return it."""
        rest = list(self._turns.end())
        for results in rest:
            self._said.add(results)
        self._finals += rest
        return rest

    def text(self, wanted: Format, *, timestamps: bool) -> str:
        """Return everything in a format; `Format.JSONL` is none of a whole.

        Args:
            wanted: the format.
            timestamps: for `Format.TEXT`, begin each line with its time.
        """
        if wanted is Format.TEXT:
            lines = [line for results in self._finals for line in caption_lines(results)]
            return "".join(f"{line.plain(timestamps=timestamps)}\n" for line in lines)
        transcription = self._said.transcription()
        if wanted is Format.JSON:
            import msgspec

            return msgspec.json.format(transcription.to_json(), indent=2) + "\n"
        if not any(results.words for results in self._finals):
            return _NOTHING_SAID[wanted]
        captions = transcription.to_srt() if wanted is Format.SRT else transcription.to_webvtt()
        return captions if captions.endswith("\n") else f"{captions}\n"


def event_line(event: Any) -> str:
    """Return an event as one line of JSON: as the server sent it, our own with its class as ``type``."""
    import msgspec

    from .. import Reconnected
    from ..protocol import UnknownEvent

    if isinstance(event, Reconnected):
        return msgspec.json.encode({"type": "Reconnected", **msgspec.structs.asdict(event)}).decode()
    if isinstance(event, UnknownEvent):
        return " ".join(event.raw.decode("utf-8", "replace").splitlines())
    line: str = event.to_json()
    return line
