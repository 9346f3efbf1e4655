"""``speak``: a text spoken aloud, into a file, or into a pipe."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .api_parameters import given_values
from .devices import device_choice, print_devices
from .failures import CommandError
from .new_file import check_new
from .output import Output
from .running import run_async
from .settings import Settings, with_settings
from .speech_format import FileFormat, speech_form
from .standard_input import input_is_terminal, read_input_lines
from .text_input import file_text

if TYPE_CHECKING:
    from .. import DeepgramClient

__all__ = ["speak_command"]

_VOICE = "Voice"
_SOUND = "Sound"


@with_settings
def speak_command(
    settings: Settings,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT|FILE|-", help="The text, a text file, or - for standard input.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="PATH", help="Write .wav, .mp3, .opus, .flac, .aac or .raw; - for a pipe."
        ),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        FileFormat | None, typer.Option("--format", help="Of -o, where the name does not tell; wav for a pipe.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of -o.")] = False,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="The voice; aura-2-thalia-en.", rich_help_panel=_VOICE),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding", metavar="NAME", help="In .wav and .raw: linear16, mulaw or alaw.", rich_help_panel=_VOICE
        ),
    ] = None,
    sample_rate: Annotated[
        int | None, typer.Option("--sample-rate", metavar="HZ", min=1, help="24000.", rich_help_panel=_VOICE)
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            metavar="NAME=VALUE",
            help="Any other parameter of the API; repeat it for more.",
            rich_help_panel=_VOICE,
        ),
    ] = None,
    stream: Annotated[
        bool,
        typer.Option(
            "--stream", help="On a socket: standard input is spoken line by line, as it comes.", rich_help_panel=_SOUND
        ),
    ] = False,
    device: Annotated[
        str | None,
        typer.Option(
            "--device", metavar="NAME", help="What plays: its number, or part of its name.", rich_help_panel=_SOUND
        ),
    ] = None,
    list_devices: Annotated[
        bool, typer.Option("--list-devices", help="List the sound devices.", rich_help_panel=_SOUND)
    ] = False,
) -> int:
    """Speak a text aloud, or into a file.

    A text of more than 2,000 characters is spoken in parts, cut between sentences, and joined again.

    Example: deepgram-anyio speak "Good morning." --local -o morning.wav

    Example: deepgram-anyio speak letter.txt --model aura-2-orion-en -o letter.mp3

    Example: echo "The build is done." | deepgram-anyio speak - --stream
    """
    from .speaking import Speaking

    output = Output(settings)
    if list_devices:
        return print_devices(output)
    if text is None:
        raise CommandError("name a text, a text file, or - for standard input")
    form = speech_form(out, format, encoding=encoding, sample_rate=sample_rate, stream=stream)
    _check_output(out, output, overwrite=overwrite)
    if device is not None and out is not None:
        raise CommandError("--device plays, and -o writes: name one of them")
    speaking = Speaking(
        form=form,
        parameters=given_values({"model": model}, option or []),
        output=output,
        path=out,
        overwrite=overwrite,
        device=device_choice(device),
        stream=stream,
    )
    given = None if text == "-" else _whole(file_text(text) or text)
    if given is None and input_is_terminal():
        output.note("Type the text; Ctrl-D ends it.")

    async def main(dg: DeepgramClient) -> None:
        async with aclosing(_texts(given, by_line=stream)) as texts:
            await speaking.run(dg, texts)

    return run_async(settings, main)


def _check_output(out: Path | None, output: Output, *, overwrite: bool) -> None:
    if out is None:
        return
    if str(out) != "-":
        check_new(out, overwrite=overwrite)
    elif sys.stdout.isatty():
        raise CommandError("standard output is a terminal: write into a pipe, or name a file")
    elif output.json:
        raise CommandError("--json and -o - both write to standard output")


def _whole(text: str) -> str:
    if not text.strip():
        raise CommandError("there is nothing to speak: the text is empty")
    return text


async def _texts(given: str | None, *, by_line: bool) -> AsyncGenerator[str, None]:
    """Yield the text, or standard input as one text or as its lines."""
    if given is not None:
        yield given
        return
    lines = []
    async with aclosing(read_input_lines()) as found:
        async for line in found:
            lines.append(line)
            if by_line and line.strip():
                yield f"{line}\n"
    whole = _whole("\n".join(lines))
    if not by_line:
        yield whole
