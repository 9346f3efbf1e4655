"""Where results go, in which format, and how they get there whole."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import msgspec

from ..errors import ConfigError
from ..protocol.rest.transcription import Transcription
from .recordings import Recording

__all__ = ["OutputFormat", "Outputs", "render", "save"]

OutputFormat: TypeAlias = Literal["text", "json", "srt", "vtt"]
"""What a transcription can be written as."""

_SUFFIXES: dict[OutputFormat, str] = {"text": ".txt", "json": ".json", "srt": ".srt", "vtt": ".vtt"}


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Where results go.

    Attributes:
        format: what they are written as; None when nothing is written.
        folder: where to; None for beside each file, which a URL has not: the current folder then.
        overwrite: also over files that are already there.
    """

    format: OutputFormat | None = None
    folder: Path | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in get_args(OutputFormat):
            raise ConfigError(f"format must be one of {', '.join(_SUFFIXES)}, not {self.format!r}")

    def path_of(self, recording: Recording) -> Path | None:
        """Return where a recording's result goes: its whole name with a suffix, so that no two become one."""
        if self.format is None:
            return None
        name = recording.output_name() + _SUFFIXES[self.format]
        if self.folder is not None:
            return self.folder / name
        return Path(name) if recording.url is not None else recording.path.with_name(Path(name).name)


def render(transcription: Transcription, output_format: OutputFormat) -> bytes:
    """Return a transcription in a format.

    Captions are those of ``deepgram_captions``; without a word there are none, and SRT is empty. Text has a paragraph
    for each speaker's turn with ``diarize``, else for each paragraph, if there are any. JSON is what the server sent.

    Args:
        transcription: what was said.
        output_format: one of `OutputFormat`.

    Raises:
        ConfigError: ``deepgram_captions`` is not installed.
    """
    if output_format == "json":
        raw = transcription.raw_response
        wire = raw.content if raw is not None and raw.content else transcription.to_json().encode()
        return msgspec.json.format(wire, indent=2) + b"\n"
    if output_format == "text":
        return _text(transcription).encode("utf-8", "replace") + b"\n"
    if not transcription.words:
        return b"WEBVTT\n" if output_format == "vtt" else b""
    captions = transcription.to_webvtt() if output_format == "vtt" else transcription.to_srt()
    return captions.encode("utf-8", "replace")


def _text(transcription: Transcription) -> str:
    if transcription.speakers:
        turns = transcription.by_speaker()
        return "\n\n".join(text if who is None else f"Speaker {who}: {text}" for who, text in turns)
    if transcription.paragraphs:
        return "\n\n".join(paragraph.text for paragraph in transcription.paragraphs)
    return transcription.transcript


def save(path: Path, data: bytes, *, replace: bool, alone: bool) -> None:
    """Write a file that appears whole and on the disk, or not at all. Blocks.

    Args:
        path: its place; folders on the way are made.
        data: what stands in it.
        replace: put it in the place of a file that is there.
        alone: nobody else writes there, so that what a killed process left of this file can be written over.

    Raises:
        FileExistsError: something is there.
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name if alone else secrets.token_hex(8)}.part")
    try:
        with open(temporary, "wb" if alone else "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)
        else:
            _put(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _put(temporary: Path, path: Path) -> None:
    """Move a file to where nothing is; a link, unlike a move, fails when something is."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(17, "File exists", os.fspath(path)) from None
        os.rename(temporary, path)
