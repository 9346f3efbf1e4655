"""``transcribe``: one recording to standard output, or many into files."""

from __future__ import annotations

import enum
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .api_parameters import given_values, sort_parameters
from .batch_transcribe import BatchChoices, transcribe_batch
from .failures import CommandError
from .output import Output
from .running import run_async
from .settings import Settings, with_settings

if TYPE_CHECKING:
    from .. import DeepgramClient, Transcription

__all__ = ["Format", "transcribe_command"]

_API = "Recognition"
_OUT = "Output"
_MANY = "Many recordings"
_STYLES = ["cyan", "green", "magenta", "yellow", "blue", "red"]


class Format(str, enum.Enum):
    """What a transcript can be written as."""

    TEXT = "text"
    JSON = "json"
    SRT = "srt"
    VTT = "vtt"


@with_settings
def transcribe_command(
    settings: Settings,
    sources: Annotated[
        list[str], typer.Argument(metavar="FILE|DIR|URL|-...", help="Recordings, or folders of them; - is the input.")
    ],
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="Recognition model; nova-3.", rich_help_panel=_API)
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="TAG", help="BCP-47 tag, or multi; en.", rich_help_panel=_API)
    ] = None,
    detect_language: Annotated[
        bool, typer.Option("--detect-language", help="Find out the language.", rich_help_panel=_API)
    ] = False,
    smart_format: Annotated[
        bool,
        typer.Option("--smart-format", help="Punctuation, paragraphs, numbers, dates.", rich_help_panel=_API),
    ] = False,
    punctuate: Annotated[
        bool, typer.Option("--punctuate", help="Punctuation and capitals.", rich_help_panel=_API)
    ] = False,
    paragraphs: Annotated[bool, typer.Option("--paragraphs", help="Paragraphs.", rich_help_panel=_API)] = False,
    utterances: Annotated[
        bool, typer.Option("--utterances", help="Stretches between pauses; good for captions.", rich_help_panel=_API)
    ] = False,
    diarize: Annotated[
        bool, typer.Option("--diarize", help="Number the speakers; in colour on a terminal.", rich_help_panel=_API)
    ] = False,
    multichannel: Annotated[
        bool, typer.Option("--multichannel", help="Each channel on its own.", rich_help_panel=_API)
    ] = False,
    keyterm: Annotated[
        list[str] | None,
        typer.Option("--keyterm", metavar="TERM", help="A term to favour. Repeatable.", rich_help_panel=_API),
    ] = None,
    redact: Annotated[
        list[str] | None,
        typer.Option("--redact", metavar="KIND", help="pci, pii, numbers, ssn. Repeatable.", rich_help_panel=_API),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", metavar="NAME=VALUE", help="Any parameter of the API. Repeatable.", rich_help_panel=_API
        ),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format | None,
        typer.Option("--format", "-f", help="text for one recording, json for many.", rich_help_panel=_OUT),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            "--output-dir", "-o", metavar="DIR", help="Folder for the results; beside each file.", rich_help_panel=_OUT
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Write over files that no manifest knows as results.", rich_help_panel=_OUT),
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", min=1, help="How many at a time.", rich_help_panel=_MANY)
    ] = 8,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Also folders in folders.", rich_help_panel=_MANY)
    ] = False,
    glob: Annotated[
        str | None,
        typer.Option(
            "--glob",
            metavar="PATTERN",
            help="Which files of a folder: '*.wav'. Else all audio and video.",
            rich_help_panel=_MANY,
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            metavar="PATH",
            help="Remembers what is done; transcribe.jsonl with the results.",
            rich_help_panel=_MANY,
        ),
    ] = None,
    checksum: Annotated[
        bool,
        typer.Option("--checksum", help="Know a changed file by its content, not its time.", rich_help_panel=_MANY),
    ] = False,
) -> int:
    """Transcribe recordings: one to standard output, or many, and folders of them, into files.

    What became of many recordings is kept in a manifest. Interrupted, the same command goes on where it was: what is
    done is skipped, and what has changed, or is asked for with other options, is done again. To do all again, remove
    the manifest and add --overwrite.

    Example: deepgram-anyio transcribe call.wav --smart-format

    Example: deepgram-anyio transcribe talk.mp4 --utterances --format srt > talk.srt

    Example: deepgram-anyio transcribe calls/ --jobs 32 --output-dir transcripts --diarize
    """
    output = Output(settings)
    flags: dict[str, Any] = {
        "model": model,
        "language": language,
        "detect_language": detect_language,
        "smart_format": smart_format,
        "punctuate": punctuate,
        "paragraphs": paragraphs,
        "utterances": utterances,
        "diarize": diarize,
        "multichannel": multichannel,
        "keyterm": keyterm,
        "redact": redact,
    }
    params = _params(flags, option or [])
    single = len(sources) == 1 and output_dir is None and manifest is None and not Path(sources[0]).is_dir()
    if single:
        return _transcribe_one(settings, output, sources[0], format or Format.TEXT, params)
    if "-" in sources:
        raise CommandError("- can only be the one recording, whose transcript goes to standard output")
    choices = BatchChoices(
        sources=sources,
        params=params,
        format=(format or Format.JSON).value,
        output_dir=output_dir,
        overwrite=overwrite,
        jobs=jobs,
        recursive=recursive,
        glob=glob,
        manifest=manifest,
        checksum=checksum,
    )
    return transcribe_batch(settings, output, choices)


def _params(flags: dict[str, Any], options: list[str]) -> dict[str, Any]:
    from .. import PrerecordedOptions

    known, unknown = sort_parameters(given_values(flags, options), PrerecordedOptions.__struct_fields__)
    if "callback" in known:
        raise CommandError("--option callback: this command waits for the result and prints it")
    return {**known, "extra_query": unknown} if unknown else known


def _transcribe_one(settings: Settings, output: Output, source: str, shape: Format, params: dict[str, Any]) -> int:
    async def main(dg: DeepgramClient) -> None:
        if source.startswith(("http://", "https://")):
            transcription = await dg.listen.v1.transcribe_url(source, **params)
        else:
            transcription = await _upload(dg, output, source, params)
        _print(output, transcription, shape)

    return run_async(settings, main)


async def _upload(dg: DeepgramClient, output: Output, source: str, params: dict[str, Any]) -> Transcription:
    with output.progress("Sending", unit="bytes") as bar:

        def sent(done: int, total: int | None) -> None:
            bar.update(done, total, note="waiting for the transcript" if done == total else "")

        audio: Any = sys.stdin.buffer if source == "-" else source
        transcription: Transcription = await dg.listen.v1.transcribe_file(audio, on_progress=sent, **params)
    return transcription


def _print(output: Output, transcription: Transcription, shape: Format) -> None:
    from ..bulk import render

    if output.json or shape is Format.JSON:
        output.document(transcription)
    elif shape is Format.TEXT and output.is_terminal and transcription.speakers:
        _print_speakers(output, transcription)
    else:
        text = render(transcription, shape.value).decode()
        if shape is Format.TEXT:
            output.print(text.rstrip("\n"))
        else:
            sys.stdout.write(text)
    if not transcription.words:
        output.note("Nothing was heard.")


def _print_speakers(output: Output, transcription: Transcription) -> None:
    from rich.text import Text

    for index, (speaker, text) in enumerate(transcription.by_speaker()):
        line = Text()
        if speaker is not None:
            line.append(f"Speaker {speaker}:", style=f"bold {_STYLES[speaker % len(_STYLES)]}").append(" ")
        if index:
            output.console.print()
        output.console.print(line.append(text))
