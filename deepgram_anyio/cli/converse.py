"""``converse``: a conversation with a voice agent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .agent_file import check_settings, read_settings, sample_format, usual_settings, with_changes
from .conversation_view import ConversationView
from .devices import device_choice, print_devices
from .failures import CommandError
from .new_file import check_new
from .output import Output
from .running import run_async
from .settings import Settings, with_settings
from .standard_input import input_is_terminal

if TYPE_CHECKING:
    from .. import DeepgramClient

__all__ = ["converse_command"]

_AGENT = "Agent"
_SOUND = "Sound"
_KEPT = "Output"


@with_settings
def converse_command(
    settings: Settings,
    file: Annotated[
        Path | None, typer.Argument(metavar="SETTINGS.json", help="The agent's Settings message; else the usual one.")
    ] = None,
    prompt: Annotated[
        str | None, typer.Option("--prompt", metavar="TEXT", help="The agent's instructions.", rich_help_panel=_AGENT)
    ] = None,
    greeting: Annotated[
        str | None, typer.Option("--greeting", metavar="TEXT", help="What it says first.", rich_help_panel=_AGENT)
    ] = None,
    voice: Annotated[
        str | None, typer.Option("--voice", metavar="NAME", help="What it speaks with.", rich_help_panel=_AGENT)
    ] = None,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Send the settings as they are.", rich_help_panel=_AGENT)
    ] = False,
    typed: Annotated[
        bool | None,
        typer.Option(
            "--typed/--spoken",
            help="Type, one line for each turn; the default where standard input is no terminal.",
            rich_help_panel=_SOUND,
            show_default=False,
        ),
    ] = None,
    microphone: Annotated[
        str | None,
        typer.Option("--microphone", metavar="NAME", help="Its number, or part of its name.", rich_help_panel=_SOUND),
    ] = None,
    speaker: Annotated[
        str | None,
        typer.Option("--speaker", metavar="NAME", help="Its number, or part of its name.", rich_help_panel=_SOUND),
    ] = None,
    list_devices: Annotated[
        bool, typer.Option("--list-devices", help="List the sound devices.", rich_help_panel=_SOUND)
    ] = False,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="PATH", help="Keep the transcript, as JSON.", rich_help_panel=_KEPT)
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="PATH", help="Keep its voice: .wav.", rich_help_panel=_KEPT),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the files of --save and --record.", rich_help_panel=_KEPT)
    ] = False,
    stats: Annotated[
        bool, typer.Option("--stats", help="Show how long the agent takes to answer.", rich_help_panel=_KEPT)
    ] = False,
) -> int:
    """Talk with a voice agent, or type.

    Speaking interrupts the agent. Ctrl-C ends in good order, and so does Ctrl-D; --save and --record keep everything
    until then. Functions that the settings name are shown when the agent calls them, and not run.

    Example: deepgram-anyio converse --local

    Example: deepgram-anyio converse agent.json --save talk.json --record agent.wav

    Example: echo "What is two plus two?" | deepgram-anyio converse --local
    """
    from .conversing import Conversing

    output = Output(settings)
    if list_devices:
        return print_devices(output)
    told = usual_settings() if file is None else read_settings(file)
    told = with_changes(told, prompt=prompt, greeting=greeting, voice=voice)
    if not no_check:
        check_settings(told, "the settings" if file is None else str(file))
    interactive = input_is_terminal()
    types = not interactive if typed is None else typed
    if not types:
        sample_format(told, "input")
    if record is not None or not types:
        sample_format(told, "output")
    for path, ending in ((save, ".json"), (record, ".wav")):
        if path is not None:
            if path.suffix.lower() != ending:
                raise CommandError(f"{path}: the name must end in {ending}")
            check_new(path, overwrite=overwrite)

    conversing = Conversing(
        settings=told,
        view=ConversationView(output, typed=types, redraw=not settings.verbose),
        output=output,
        typed=types,
        interactive=interactive,
        microphone=device_choice(microphone),
        speaker=device_choice(speaker),
        save=save,
        record=record,
        overwrite=overwrite,
        stats=stats,
    )

    async def main(dg: DeepgramClient) -> int | None:
        return await conversing.run(dg)

    return run_async(settings, main)
