"""The options of ``listen``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from .transcripts import Format

__all__ = [
    "Channels",
    "Device",
    "Diarize",
    "Encoding",
    "Endpointing",
    "Flux",
    "Interim",
    "Keyterm",
    "Language",
    "ListDevices",
    "Mic",
    "Model",
    "MoreOptions",
    "Overwrite",
    "Pace",
    "Punctuate",
    "SampleRate",
    "Save",
    "ShownFormat",
    "SmartFormat",
    "Source",
    "Stats",
    "Timestamps",
    "UtteranceEnd",
]


def _sound(*names: str, **attributes: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Sound", **attributes)


def _api(*names: str, **attributes: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Recognition", **attributes)


def _shown(*names: str, **attributes: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Output", **attributes)


Source: TypeAlias = Annotated[
    str | None, typer.Argument(metavar="FILE|URL|-", help="A file, an address, or - for standard input.")
]
Mic: TypeAlias = Annotated[bool, _sound("--mic", help="Listen to the microphone, until Ctrl-C.")]
Device: TypeAlias = Annotated[
    str | None, _sound("--device", metavar="NAME", help="The microphone: its number, or part of its name.")
]
ListDevices: TypeAlias = Annotated[bool, _sound("--list-devices", help="List the sound devices.")]
Encoding: TypeAlias = Annotated[
    str | None,
    _sound("--encoding", metavar="NAME", help="Of raw audio, such as linear16. WAV and other containers need none."),
]
SampleRate: TypeAlias = Annotated[
    int | None, _sound("--sample-rate", metavar="HZ", min=1, help="Of raw audio, or of the microphone: 16000.")
]
Channels: TypeAlias = Annotated[
    int | None, _sound("--channels", metavar="N", min=1, help="Interleaved channels of raw audio.")
]
Pace: TypeAlias = Annotated[
    float | None, _sound("--pace", metavar="FACTOR", help="How fast to send: 1 is real time. Else as fast as it goes.")
]

Model: TypeAlias = Annotated[str | None, _api("--model", metavar="NAME", help="Recognition model; nova-3.")]
Flux: TypeAlias = Annotated[
    bool, _api("--flux", help="Turn by turn, as in a conversation: /v2/listen, flux-general-en.")
]
Language: TypeAlias = Annotated[str | None, _api("--language", metavar="TAG", help="Such as en, de or multi.")]
SmartFormat: TypeAlias = Annotated[bool, _api("--smart-format", help="Numbers, dates and the like as written.")]
Punctuate: TypeAlias = Annotated[bool, _api("--punctuate", help="Punctuation and capitals.")]
Diarize: TypeAlias = Annotated[bool, _api("--diarize", help="Tell the speakers apart, in colour.")]
Keyterm: TypeAlias = Annotated[
    list[str] | None, _api("--keyterm", metavar="TERM", help="A term to favour; repeat it for more.")
]
Endpointing: TypeAlias = Annotated[
    int | None, _api("--endpointing", metavar="MS", min=0, help="Pause that ends an utterance.")
]
UtteranceEnd: TypeAlias = Annotated[
    int | None, _api("--utterance-end", metavar="MS", min=0, help="Gap between words that ends an utterance.")
]
MoreOptions: TypeAlias = Annotated[
    list[str] | None, _api("--option", metavar="NAME=VALUE", help="Any parameter of the API; repeat it for more.")
]

ShownFormat: TypeAlias = Annotated[
    Format | None,
    _shown("--format", help="Of standard output; text. jsonl tells each message as it comes, the others at the end."),
]
Save: TypeAlias = Annotated[
    Path | None, _shown("--save", metavar="PATH", help="Keep the transcript: .txt, .json, .srt or .vtt.")
]
Overwrite: TypeAlias = Annotated[bool, _shown("--overwrite", help="Replace the file of --save.")]
Timestamps: TypeAlias = Annotated[bool, _shown("--timestamps", help="Show when each line began.")]
Interim: TypeAlias = Annotated[
    bool, _shown("--interim", help="Into a pipe, too, print what may still change, behind '...'.")
]
Stats: TypeAlias = Annotated[bool, _shown("--stats", help="Show what was sent, and how late the words come.")]
