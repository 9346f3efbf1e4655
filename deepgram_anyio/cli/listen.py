"""``listen``: live captions of a file, an address, standard input or a microphone."""

from __future__ import annotations

import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from . import listen_options as options
from .api_parameters import live_parameters
from .audio_input import is_address, open_address, open_file, open_input, open_microphone
from .devices import device_choice, print_devices
from .failures import CommandError
from .new_file import check_new
from .output import Output
from .running import run_async
from .settings import Settings, with_settings
from .transcripts import Format, check_format, format_of

if TYPE_CHECKING:
    from .. import DeepgramClient
    from .audio_input import AudioFeed
    from .captions_view import CaptionsView

__all__ = ["listen_command"]

_MICROPHONE_RATE = 16_000


@with_settings
def listen_command(
    settings: Settings,
    source: options.Source = None,
    mic: options.Mic = False,
    device: options.Device = None,
    list_devices: options.ListDevices = False,
    encoding: options.Encoding = None,
    sample_rate: options.SampleRate = None,
    channels: options.Channels = None,
    pace: options.Pace = None,
    model: options.Model = None,
    flux: options.Flux = False,
    language: options.Language = None,
    smart_format: options.SmartFormat = False,
    punctuate: options.Punctuate = False,
    diarize: options.Diarize = False,
    keyterm: options.Keyterm = None,
    endpointing: options.Endpointing = None,
    utterance_end: options.UtteranceEnd = None,
    option: options.MoreOptions = None,
    format: options.ShownFormat = None,  # noqa: A002 - the option's name
    save: options.Save = None,
    overwrite: options.Overwrite = False,
    timestamps: options.Timestamps = False,
    interim: options.Interim = False,
    stats: options.Stats = False,
) -> int:
    """Show live captions of a recording, a stream, or what is said into the microphone.

    At a terminal the words appear as they are recognised, and are redrawn until they are final. Ctrl-C ends in good
    order: the last words still arrive, and --save keeps them all. The exit code is then 130, but with --mic 0, since
    nothing else ends that. An address is fetched by HTTP and sent as it comes: a file or an endless stream, in any
    container that the API knows; no playlist, no web page.

    Example: deepgram-anyio listen speech.wav --local

    Example: deepgram-anyio listen --mic --diarize --smart-format --save talk.srt

    Example: deepgram-anyio listen - --encoding linear16 --sample-rate 16000 < speech.raw
    """
    output = Output(settings)
    if list_devices:
        return print_devices(output)
    if mic == (source is not None):
        raise CommandError("name one source: a file, an address, - for standard input, or --mic")
    if device is not None and not mic:
        raise CommandError("--device goes with --mic")
    if encoding is not None and mic:
        raise CommandError("--encoding is for raw audio; a microphone needs none")
    shown = _format(settings, format)
    check_format(shown)
    if save is not None:
        check_format(format_of(save))
        check_new(save, overwrite=overwrite)
    view = _view(output, settings, shown, timestamps=timestamps, interim=interim)
    asked = {
        "model": model,
        "language": language,
        "smart_format": smart_format,
        "punctuate": punctuate,
        "diarize": diarize,
        "keyterm": keyterm,
        "endpointing": endpointing,
        "utterance_end_ms": utterance_end,
    }
    if not mic:
        asked |= {"encoding": encoding, "sample_rate": sample_rate, "channels": channels}
    parameters = live_parameters(asked, option or [], flux=flux)
    if not parameters.flux and (view.redraws or interim or utterance_end is not None):
        parameters.known.setdefault("interim_results", True)

    def opened() -> AbstractAsyncContextManager[AudioFeed]:
        if source is None:
            rate = sample_rate or _MICROPHONE_RATE
            return open_microphone(device_choice(device), rate, channels or 1, warn=output.warn)
        if source == "-":
            return open_input()
        return open_address(source) if is_address(source) else open_file(Path(source))

    async def main(dg: DeepgramClient) -> int | None:
        from .listening import Listening, Wishes

        wishes = Wishes(
            parameters=parameters,
            format=shown,
            save=save,
            overwrite=overwrite,
            pace=pace,
            timestamps=timestamps,
            stats=stats,
        )
        async with opened() as feed:
            return await Listening(wishes, feed, view).run(dg)

    return run_async(settings, main)


def _format(settings: Settings, given: Format | None) -> Format:
    if not settings.json:
        return given or Format.TEXT
    if given not in (None, Format.JSON):
        raise CommandError(f"--json and --format {given.value} contradict each other")
    return Format.JSON


def _view(output: Output, settings: Settings, shown: Format, *, timestamps: bool, interim: bool) -> CaptionsView:
    from .captions_view import LiveCaptions, NoCaptions, PlainCaptions

    redrawn = not settings.verbose  # what is logged to the same terminal would be drawn over
    if shown is Format.TEXT:
        if output.is_terminal and redrawn:
            return LiveCaptions(output.console, timestamps=timestamps)
        return PlainCaptions(output, timestamps=timestamps, interim=interim)
    if shown is not Format.JSONL and redrawn and sys.stderr.isatty():
        return LiveCaptions(output.notes, timestamps=timestamps)
    return NoCaptions(output)
