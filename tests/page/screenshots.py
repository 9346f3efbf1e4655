"""Takes the pictures of `docs/page.md`: ``python -m tests.page.screenshots``. Needs Chromium and the local engines."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import av
import av.filter
from anyio.abc import TaskStatus

from deepgram_anyio import DeepgramClient
from deepgram_anyio.local import serve
from deepgram_anyio.local.engines import default_voice
from deepgram_anyio.protocol.wav import wav_header
from deepgram_anyio.transport import open_websocket

from ..stand_in import ONE_CONNECTION
from .browser import CHROMIUM, NO_CHROMIUM, Browser, chromium, connect
from .stage import CONNECTED

__all__ = ["main"]

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MAX_BYTES = 120_000
LOOKS: Mapping[str, dict[str, Any]] = {
    "light": {"width": 1120, "height": 850, "scale": 1.5},
    "dark": {"width": 1120, "height": 850, "scale": 1.5, "dark": True},
    "phone": {"width": 390, "height": 844, "scale": 2},
}
SPOKEN = "Glue the sheet to the dark blue background. It is easy to tell the depth of a well."
MEETING = "Rice is often served in round bowls. The box was thrown beside the parked truck."
CUT = "Four hours of steady work faced us."


class Voiced:
    """What the embedded voice says, as samples."""

    def __init__(self) -> None:
        self._voice = default_voice()
        self.rate = self._voice.sample_rate

    def say(self, text: str) -> bytes:
        return b"".join(self._voice.synthesize(text))

    def wav(self, text: str) -> bytes:
        samples = self.say(text)
        return wav_header(data_bytes=len(samples), sample_rate=self.rate) + samples


async def take(devtools: str, voice: Voiced) -> None:
    """Take all pictures, each of a server of its own."""
    async with connect(devtools) as browser:
        for name, look in LOOKS.items():
            picture = optimised(await picture_of(browser, voice, look))
            assert len(picture) < MAX_BYTES, f"{name}: {len(picture)} bytes"
            (IMAGES / f"page-{name}.png").write_bytes(picture)
            print(f"page-{name}.png: {len(picture) / 1000:.0f} kB")


async def picture_of(browser: Browser, voice: Voiced, look: dict[str, Any]) -> bytes:
    raw: dict[str, Any] = {"encoding": "linear16", "sample_rate": voice.rate}
    async with (
        serve() as server,
        DeepgramClient("any", base_url=server.url, config=ONE_CONNECTION) as dg,
        browser.tab(server.url, **look) as tab,
    ):
        await tab.call("Emulation.setScrollbarsHidden", hidden=True)
        await tab.until(CONNECTED)
        # The first stream pays for starting the recogniser, and is the one that breaks.
        url = f"{server.url}/v1/listen?encoding=linear16&sample_rate={voice.rate}&tag=gate-4"
        async with open_websocket(url) as socket:
            await socket.send(voice.say(CUT) + bytes(2 * voice.rate))
            await tab.until("document.querySelector('#live .said')?.textContent")
        await tab.until("document.querySelector('.card[data-state=cut]')")

        async def meeting(*, task_status: TaskStatus[None]) -> None:
            options = {**raw, "interim_results": True, "smart_format": True, "tag": "meeting-room"}
            sound = voice.say(MEETING) + bytes(2 * voice.rate)
            async with dg.listen.v1.stream(sound, pace=1.0, **options) as stream:
                task_status.started()
                async for _ in stream:
                    pass

        async with anyio.create_task_group() as tasks:
            await tasks.start(meeting)
            await tab.click("#talk")
            await tab.until(
                "document.querySelectorAll('#talk-captions .line').length === 2 &&"
                "document.querySelector('#talk-captions .line:last-child .interim').textContent.split(' ').length > 4"
            )
            picture = await tab.screenshot()
            tasks.cancel_scope.cancel()
    return picture


def optimised(png: bytes) -> bytes:
    """Return a picture with 256 colours."""
    with av.open(io.BytesIO(png)) as source:
        frame = next(source.decode(video=0))
    graph = av.filter.Graph()
    begin = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    split, palette = graph.add("split"), graph.add("palettegen", "max_colors=256:reserve_transparent=0")
    use, end = graph.add("paletteuse", "dither=none"), graph.add("buffersink")
    begin.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(end)
    graph.configure()
    begin.push(frame)
    begin.push(None)
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "pal8"
    encoder.time_base = frame.time_base
    encoder.options = {"compression_level": "9", "pred": "none"}
    reduced = end.pull()
    assert isinstance(reduced, av.VideoFrame)
    return b"".join(bytes(packet) for out in (reduced, None) for packet in encoder.encode(out))


def main() -> int:
    """Take the pictures and return the exit code."""
    if CHROMIUM is None:
        print(NO_CHROMIUM, file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    voice = Voiced()
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "spoken.wav"
        wav.write_bytes(voice.wav(SPOKEN))
        with chromium(wav) as devtools:
            anyio.run(take, devtools, voice)
    return 0


if __name__ == "__main__":
    sys.exit(main())
