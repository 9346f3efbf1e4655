"""What ``speak`` makes: told by the end of a file's name, or by ``--format``."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .failures import CommandError

__all__ = ["FileFormat", "SpeechForm", "speech_form"]

_PLAYED_RATE = 24_000
_TELEPHONE_RATE = 8_000
_FIXED_RATES = {"mp3": 22_050, "opus": 48_000, "aac": 22_050}
_SAMPLES = ("linear16", "mulaw", "alaw")


class FileFormat(str, enum.Enum):
    """How speech is stored."""

    WAV = "wav"
    MP3 = "mp3"
    OPUS = "opus"
    FLAC = "flac"
    AAC = "aac"
    RAW = "raw"


_ENDINGS = {f".{form.value}": form for form in FileFormat} | {".ogg": FileFormat.OPUS, ".pcm": FileFormat.RAW}
_ENCODINGS = {
    FileFormat.WAV: _SAMPLES,
    FileFormat.RAW: _SAMPLES,
    FileFormat.MP3: ("mp3",),
    FileFormat.OPUS: ("opus",),
    FileFormat.FLAC: ("flac",),
    FileFormat.AAC: ("aac",),
}


@dataclass(frozen=True, kw_only=True)
class SpeechForm:
    """The speech to ask for.

    Attributes:
        file: how it is stored; None when it is played.
        encoding: the API's name.
        sample_rate: in Hz; None for what the encoding has.
    """

    file: FileFormat | None
    encoding: str
    sample_rate: int | None

    @property
    def is_samples(self) -> bool:
        """Whether it can be cut and joined anywhere. A WAV file's header is made here, since it tells the length."""
        return self.encoding in _SAMPLES

    @property
    def can_be_joined(self) -> bool:
        """Whether parts that were made on their own become one by being put together."""
        return self.is_samples or self.encoding in ("mp3", "aac", "opus")

    @property
    def byte_rate(self) -> int | None:
        """Bytes per second; None where that varies."""
        if not self.is_samples or self.sample_rate is None:
            return None
        return self.sample_rate * (2 if self.encoding == "linear16" else 1)

    @property
    def stream_parameters(self) -> dict[str, Any]:
        """The parameters of a socket."""
        return {"encoding": self.encoding, "sample_rate": self.sample_rate}

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of a request."""
        container = {"opus": "ogg"}.get(self.encoding, "none" if self.is_samples else None)
        return {**self.stream_parameters, "container": container}


def speech_form(
    path: Path | None, given: FileFormat | None, *, encoding: str | None, sample_rate: int | None, stream: bool
) -> SpeechForm:
    """Tell what to ask for.

    Args:
        path: the file; ``-`` is standard output; None plays.
        given: ``--format``.
        encoding: ``--encoding``.
        sample_rate: ``--sample-rate``.
        stream: on a socket, which has bare samples only.

    Raises:
        CommandError: these do not go together.
    """
    file = _file_format(path, given)
    form = _form(file, encoding, sample_rate)
    if stream and not form.is_samples:
        raise CommandError(f"--stream makes no {form.encoding}: write .wav or .raw, or leave --stream out")
    return form


def _file_format(path: Path | None, given: FileFormat | None) -> FileFormat | None:
    if path is None:
        if given is not None:
            raise CommandError("--format is for -o: what is played has none")
        return None
    if str(path) == "-":
        return given or FileFormat.WAV
    told = _ENDINGS.get(path.suffix.lower())
    if told is None and given is None:
        raise CommandError(f"{path}: the name must end in {', '.join(_ENDINGS)}; or say --format")
    if given is not None and told not in (None, given):
        raise CommandError(f"{path} and --format {given.value} contradict each other")
    return given or told


def _form(file: FileFormat | None, encoding: str | None, sample_rate: int | None) -> SpeechForm:
    if file is None:
        if encoding not in (None, "linear16"):
            raise CommandError("--encoding is for -o: what is played is linear16")
        return SpeechForm(file=None, encoding="linear16", sample_rate=sample_rate or _PLAYED_RATE)
    possible = _ENCODINGS[file]
    chosen = encoding or possible[0]
    if chosen not in possible:
        raise CommandError(f"{file.value} does not hold {chosen}, but {' or '.join(possible)}")
    if fixed := _FIXED_RATES.get(chosen):
        if sample_rate not in (None, fixed):
            raise CommandError(f"{chosen} always has {fixed} Hz: leave --sample-rate out")
        return SpeechForm(file=file, encoding=chosen, sample_rate=None)
    default = None if chosen == "flac" else _PLAYED_RATE if chosen == "linear16" else _TELEPHONE_RATE
    return SpeechForm(file=file, encoding=chosen, sample_rate=sample_rate or default)
