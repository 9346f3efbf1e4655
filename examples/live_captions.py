"""Live captions, with no key and no network: a voice speaks a text, and the embedded server writes it down.

python examples/live_captions.py                 # speak a text with a local voice
python examples/live_captions.py speech.wav      # or take a recording
python examples/live_captions.py --backend trio  # on another event loop
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys

import anyio
import anyio.to_thread

from deepgram_anyio import DeepgramClient, DeepgramError, LiveConnection, LiveOptions
from deepgram_anyio.local.engines import default_voice
from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.wav import wav_header

TEXT = (
    "Thank you for calling. This conversation is happening on your own computer. "
    "The words appear while they are spoken. Nothing goes over the network. "
    "What would you like to do today?"
)

OPTIONS = LiveOptions(interim_results=True, smart_format=True, endpointing=400)


def speak(text: str) -> tuple[str, bytes]:
    """Return a voice's name, and a WAV file of it saying the text."""
    voice = default_voice()
    try:
        samples = b"".join(voice.synthesize(text))
        return voice.name, wav_header(data_bytes=len(samples), sample_rate=voice.sample_rate) + samples
    finally:
        voice.close()


class Captions:
    """Prints captions; on a terminal an interim one is overwritten by what replaces it."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._latencies: list[float] = []
        self._shown = 0

    def show(self, event: listen.Results, connection: LiveConnection) -> None:
        stamp = f"{event.start:6.2f} s  "
        if event.is_final:
            latency = connection.stats.latency_s
            if event.transcript:
                self._write(f"{stamp}{event.transcript}", end="\n")
                self._latencies += [] if latency is None else [latency]
        elif event.transcript:
            self._write(f"{stamp}... {event.transcript}", end="" if self._live else "\n")

    def _write(self, line: str, end: str) -> None:
        if self._live:
            line = line[: shutil.get_terminal_size().columns - 1]
            line, self._shown = "\r" + line.ljust(self._shown), 0 if end else len(line)
        print(line, end=end, flush=True)

    def figures(self, connection: LiveConnection) -> str:
        stats = connection.stats
        line = f"{stats.audio_sent_s or 0:.1f} s of audio, {stats.events} events"
        if self._latencies:
            median = statistics.median(self._latencies)
            line += f", finals {median:.2f} s after their last sound (median; at most {max(self._latencies):.2f} s)"
        return line


async def caption(audio: str | bytes, pace: float) -> None:
    captions = Captions()
    async with DeepgramClient.local() as dg:
        print(f"Embedded server: {dg.base_url}")
        async with dg.listen.v1.stream(audio, OPTIONS, pace=pace) as results:
            async for event in results:
                match event:
                    case listen.Results():
                        captions.show(event, results)
                    case listen.Metadata():
                        print(f"The server heard {event.duration:.1f} s of audio (request {event.request_id}).")
            print(captions.figures(results))


async def run(path: str | None, text: str, pace: float) -> None:
    if path is not None:
        await caption(path, pace)
        return
    name, wav = await anyio.to_thread.run_sync(speak, text)
    print(f"Voice: {name}")
    await caption(wav, pace)


def main() -> int:
    parser = argparse.ArgumentParser(description="Live captions from the embedded server.")
    parser.add_argument("audio", nargs="?", help="a WAV file; without one, a voice speaks")
    parser.add_argument("--text", default=TEXT, help="what the voice says")
    parser.add_argument("--pace", type=float, default=1.0, help="how much faster than real time to send (1.0)")
    parser.add_argument("--backend", choices=["asyncio", "trio"], default="asyncio")
    arguments = parser.parse_args()
    try:
        anyio.run(run, arguments.audio, arguments.text, arguments.pace, backend=arguments.backend)
    except DeepgramError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
